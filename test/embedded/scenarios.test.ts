import { afterAll, beforeAll, describe, test } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { makeFolder, type OpenHubProcess, startHub } from '../support/hub-process.ts'

/** One hub for all, with each scenario's own tasks on it; those of one group run one after another, as they share a worker. */

const scenarioMostMs = 60_000

describe.each(Object.entries(scenarios))('on the embedded hub: %s', (_group, played) => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let hub: OpenHubProcess

  beforeAll(async () => {
    folder = await makeFolder()
    hub = await startHub({ folder: folder.path, workers: [...new Set(played.flatMap(({ workers }) => workers))] })
  })

  afterAll(async () => {
    await hub?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  test.each(played as readonly Scenario[])('$name', async ({ play }) => play(hub), scenarioMostMs)
})

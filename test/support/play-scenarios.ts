import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Scenario } from '../scenarios/scenario.ts'
import { makeFolder, type OpenHubProcess, startHub } from './hub-process.ts'

/** Plays scenarios on an embedded hub of their own, one after another, as they share its workers. */

const scenarioMostMs = 60_000

export function playEmbedded(title: string, scenarios: readonly Scenario[]): void {
  describe(`on the embedded hub: ${title}`, () => {
    let folder: Awaited<ReturnType<typeof makeFolder>> | undefined
    let hub: OpenHubProcess | undefined

    beforeAll(async () => {
      folder = await makeFolder()
      const workers = new Set(scenarios.flatMap((scenario) => scenario.workers))
      hub = await startHub({ folder: folder.path, workers: [...workers] })
    })

    afterAll(async () => {
      await hub?.[Symbol.asyncDispose]()
      await folder?.[Symbol.asyncDispose]()
    })

    test.each(scenarios)(
      '$name',
      async ({ play }) => {
        if (hub === undefined) throw new Error('there is no hub')
        await play(hub)
      },
      scenarioMostMs,
    )
  })
}

import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Scenario } from '../scenarios/scenario.ts'
import { makeFolder, type OpenHubProcess, startHub } from './hub-process.ts'

/**
 * Plays groups of scenarios on one embedded hub: the groups beside each other, since most of their time is waiting,
 * and those of one group one after another, as they share its workers.
 */

const groupMostMs = 120_000

export function playEmbedded(groups: Readonly<Record<string, readonly Scenario[]>>): void {
  describe('on the embedded hub', () => {
    const outcomes = new Map<Scenario, Promise<void>>()
    let folder: Awaited<ReturnType<typeof makeFolder>> | undefined
    let hub: OpenHubProcess | undefined

    beforeAll(async () => {
      folder = await makeFolder()
      const workers = new Set(Object.values(groups).flatMap((group) => group.flatMap((scenario) => scenario.workers)))
      const stage = await startHub({ folder: folder.path, workers: [...workers] })
      hub = stage
      for (const group of Object.values(groups)) {
        let before: Promise<unknown> = Promise.resolve()
        for (const scenario of group) {
          const outcome = before.then(() => scenario.play(stage))
          outcomes.set(scenario, outcome)
          before = outcome.catch(() => undefined)
        }
      }
    }, groupMostMs)

    afterAll(async () => {
      await hub?.[Symbol.asyncDispose]()
      await folder?.[Symbol.asyncDispose]()
    })

    describe.each(Object.entries(groups))('%s', (_title, group) => {
      test.each(group)('$name', (scenario) => outcomes.get(scenario), groupMostMs)
    })
  })
}

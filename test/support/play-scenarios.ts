import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Client } from '#client/index'
import type { Home, Scenario, Stage } from '../scenarios/scenario.ts'
import { makeFolder, startHub } from './hub-process.ts'

/**
 * Plays groups of scenarios on one hub: the groups beside each other, since most of their time is waiting, and those of
 * one group one after another, as they share its workers.
 */

export type Groups = Readonly<Record<string, readonly Scenario[]>>

export interface PlayOptions {
  readonly home: Home
  readonly groups: Groups
  readonly open: (workers: readonly string[]) => Promise<Pick<Stage, 'client'> & AsyncDisposable>
  /** What one scenario may take, and the hub to open. */
  readonly mostMs?: number
}

export function playScenarios({ home, groups, open, mostMs = 120_000 }: PlayOptions): void {
  const here = Object.fromEntries(
    Object.entries(groups).map(([title, group]) => [title, group.filter(({ homes = [home] }) => homes.includes(home))]),
  )
  const outcomes = new Map<Scenario, Promise<void>>()
  let opened: AsyncDisposable | undefined

  beforeAll(async () => {
    const workers = new Set(Object.values(here).flatMap((group) => group.flatMap((scenario) => scenario.workers)))
    const found = await open([...workers])
    opened = found
    const stage: Stage = { client: home === 'account' ? patient(found.client) : found.client, home }
    for (const group of Object.values(here)) {
      let before: Promise<unknown> = Promise.resolve()
      for (const scenario of group) {
        const outcome = before.then(() => scenario.play(stage))
        outcomes.set(scenario, outcome)
        before = outcome.catch(() => undefined)
      }
    }
  }, mostMs)

  afterAll(() => opened?.[Symbol.asyncDispose](), 30_000)

  describe.each(Object.entries(here))('%s', (_title, group) => {
    test.each(group)('$name', (scenario) => outcomes.get(scenario), mostMs)
  })
}

/** From zero an instance needs about a minute in an account, and some seconds where many programs play one. */
const startSeconds = 90

export function patient(client: Client): Client {
  const wait = (task: string, options: Parameters<Client['wait']>[1]) =>
    client.wait(task, { ...options, timeoutSeconds: Math.max(startSeconds, options?.timeoutSeconds ?? 0) })
  return { ...client, wait: wait as Client['wait'] }
}

export function playEmbedded(groups: Groups): void {
  describe('on the embedded hub', () => {
    playScenarios({
      home: 'embedded',
      groups,
      open: async (workers) => {
        const folder = await makeFolder()
        const hub = await startHub({ folder: folder.path, workers })
        const dispose = async () => {
          await hub[Symbol.asyncDispose]()
          await folder[Symbol.asyncDispose]()
        }
        return { client: hub.client, [Symbol.asyncDispose]: dispose }
      },
    })
  })
}

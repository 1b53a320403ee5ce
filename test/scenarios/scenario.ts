import type { Client } from '#client/index'
import type { Task } from '#core/contract/task'

/** On one machine, or in an account (its parts on emulators, or deployed). */
export type Home = 'embedded' | 'account'

/** Where a scenario plays: a hub, wherever it lives, that knows the workers of test/fixtures/workers. */
export interface Stage {
  readonly home: Home
  readonly client: Client
}

/**
 * One thing a hub must do, told through its API alone, so that the same words can be held against every home of it.
 * Scenarios run beside each other on one hub: each uses tasks of its own and disturbs no worker that others need.
 */
export interface Scenario {
  readonly name: string
  /** Workers of test/fixtures/workers that it needs. */
  readonly workers: readonly string[]
  /** Where it can be true; absent: everywhere. */
  readonly homes?: readonly Home[]
  readonly play: (stage: Stage) => Promise<void>
}

export function movesOf(task: Task): readonly string[] {
  return task.history.map(({ move }) => move)
}

export function epochMs(instant: string | undefined): number {
  return instant === undefined ? Number.NaN : Date.parse(instant)
}

import type { EcsLaunch } from '../contract/ecs-launch.ts'
import type { LaunchRefusal } from '../ports.ts'
import type { EcsStop } from './ecs-stop.ts'

/** What a deployment needs of ECS beside launching: one instance that only checks itself, and a look at old revisions. */

/** One instance with TASKURAI_CHECK set: it loads its module, reaches what it needs, leaves its manifest, and ends. */
export interface CheckRuns {
  /** Asked again with the same token it starts no second one. */
  readonly start: (ask: {
    readonly worker: string
    readonly launch: EcsLaunch
    readonly token: string
  }) => Promise<CheckStart>
  readonly look: (launch: EcsLaunch, task: string) => Promise<CheckLook>
}

export type CheckStart =
  | { readonly kind: 'started'; readonly task: string }
  | ({ readonly kind: 'refused' } & LaunchRefusal)
  /** Nobody knows whether it happened: ask again with the same token. */
  | { readonly kind: 'unknown'; readonly message: string }

export type CheckLook =
  | { readonly kind: 'going'; readonly status: string }
  | { readonly kind: 'stopped'; readonly stop: EcsStop }
  /** Not known, or not yet: what was just started may not be seen for some seconds. */
  | { readonly kind: 'absent' }

export interface Revisions {
  /** Those that can still be run, newest first. */
  readonly active: (family: string) => Promise<readonly string[]>
  /** Nothing of it can be started any more; what runs goes on. */
  readonly deregister: (revision: string) => Promise<void>
}

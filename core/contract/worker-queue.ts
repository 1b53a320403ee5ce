/**
 * What a worker's queue is in an account, for whoever makes one: a deployment, or the hub for a worker that a developer
 * registers under a key of his own.
 */
export const workerQueue = {
  retentionSeconds: 14 * 86_400,
  receiveWaitSeconds: 20,
  /** The most there is: every hold of a bell counts as a receive, so only a fault of the hub itself comes that far. */
  receivesMost: 1_000,
} as const

export interface QueueAccess {
  readonly sid: string
  readonly actions: readonly string[]
  readonly roles: 'all' | 'functions'
}

/**
 * Who is let in by the queue itself, by where his role lies. Here and not with the roles: a worker that another stack or
 * a developer adds is rung without a change to the hub's stack.
 */
export const queueAccess: readonly QueueAccess[] = [
  { sid: 'RolesOfThisHubRing', actions: ['sqs:SendMessage'], roles: 'all' },
  { sid: 'FunctionsOfThisHubLook', actions: ['sqs:GetQueueAttributes'], roles: 'functions' },
]

/** Roles are told apart by their path: a worker's may be handed to a container, a function's may not. */
export function rolePathsOf(hub: string): Readonly<Record<QueueAccess['roles'] | 'workers', string>> {
  const all = `/taskurai/${hub}/`
  return { all, functions: `${all}hub/`, workers: `${all}workers/` }
}

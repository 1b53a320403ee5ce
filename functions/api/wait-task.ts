import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { isTerminal } from '#core/contract/task'
import type { Head } from '#core/head'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'

/** The home's feed of changes, as far as one who waits needs it. */
export interface TaskEvents {
  /** Calls whenever the task's head changed; the answer ends that. */
  readonly onTask: (taskId: string, listener: () => void) => () => void
}

export interface WaitAsk {
  readonly taskId: string
  readonly waitMs: number
  /** The client's connection. */
  readonly signal: AbortSignal
}

/** The head once the task has ended, or as it stands when the time is over or the client has gone. */
export type WaitForEnd = (ask: WaitAsk) => Promise<Waited>

export interface Waited {
  readonly head: Head | undefined
  /** It was to be waited for, and this home does not hold answers: ask again. */
  readonly isTooSoon: boolean
}

export function createWaitForEnd(world: World, events: TaskEvents | undefined): WaitForEnd {
  let waiters = 0
  return async (ask) => {
    const seen = await readHead(world, ask.taskId)
    if (seen === undefined || isTerminal(seen.status) || ask.waitMs <= 0) return { head: seen, isTooSoon: false }
    if (events === undefined) return { head: seen, isTooSoon: true }
    if (waiters >= limits.waiters) {
      throw new ApiError('too-many', `${limits.waiters} requests are waiting already (limit waiters); ask without wait`)
    }
    waiters++
    try {
      return { head: await waitForEnd(world, events, ask), isTooSoon: false }
    } finally {
      waiters--
    }
  }
}

async function waitForEnd(world: World, events: TaskEvents, ask: WaitAsk): Promise<Head | undefined> {
  const over = new AbortController()
  const bell = createBell()
  let isOver = ask.signal.aborted
  const end = () => {
    isOver = true
    bell.ring()
  }
  ask.signal.addEventListener('abort', end)
  // Listening starts before the look, so that no change falls between the two.
  const stop = events.onTask(ask.taskId, bell.ring)
  world.clock.wait(ask.waitMs, over.signal).then(end, () => undefined)
  try {
    for (;;) {
      const change = bell.next()
      const head = await readHead(world, ask.taskId)
      if (head === undefined || isTerminal(head.status) || isOver) return head
      await change
    }
  } finally {
    stop()
    over.abort()
    ask.signal.removeEventListener('abort', end)
  }
}

/** `next` answers at the first ring after it was called. */
function createBell(): { readonly ring: () => void; readonly next: () => Promise<void> } {
  let resolveNext = () => {}
  return {
    ring: () => resolveNext(),
    next: () =>
      new Promise((resolve) => {
        resolveNext = resolve
      }),
  }
}

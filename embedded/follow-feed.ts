import { clockStateKey, headSk, isTaskPk } from '#core/keys'
import { headOf } from '#core/layout'
import type { Change, Feed } from '#core/ports'
import type { World } from '#core/world'
import { react } from '#functions/reactor/reactor'

/** How many changes are worked off in one go, and how often the place reached is written down. */
const changesMost = 2_000
const cursorEveryMs = 2_000
/** So many reads may have rows on their way to disk. */
const unsettledMost = 64

export interface FollowOptions {
  readonly world: World
  readonly feed: Feed
  readonly nudgeScaler: (worker: string, queued: number) => void
  /** A running task was asked to stop: its instance need not wait for its next renewal (protocol 19). */
  readonly onCancelAsked: (ask: { instance: string; run: string; taskId: string }) => void
  /** With every read of changes, in their order; `reacted`: what follows from them is done. */
  readonly onChanges: (changes: readonly Change[], reacted: Promise<unknown>) => void
  readonly onFailed: (error: unknown) => void
}

export interface Following {
  /** Called with each change of that task's head until the returned function is. */
  readonly onTask: (taskId: string, listener: () => void) => () => void
  readonly stop: () => Promise<void>
}

const feedCursor = clockStateKey('FEED#reactor')

/** The embedded reactor: follows the feed from where it was when the hub last stopped; what it repeats does no harm. */
export async function followFeed(options: FollowOptions): Promise<Following> {
  const { world, feed } = options
  const watchers = new Map<string, Set<() => void>>()
  const stored = await world.store.get(feedCursor)
  let cursor = (stored?.data as { readonly cursor: string } | undefined)?.cursor
  let reached = cursor
  let settled: Promise<unknown> = Promise.resolve()
  let unsettled = 0
  let storedAtMs = world.clock.monotonicMs()
  let working: Promise<void> | undefined
  let isStopped = false

  function tell(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.sk !== headSk || !isTaskPk(change.pk)) continue
      for (const listener of watchers.get(change.pk) ?? []) listener()
      const run = change.after === undefined ? undefined : cancelAsked(change)
      if (run !== undefined) options.onCancelAsked(run)
    }
  }

  /** Tells at once; the directory's rows ride on later flushes, and the place reached follows when they are on disk. */
  async function work(): Promise<void> {
    for (;;) {
      const read = await feed.read(reached, changesMost)
      if (read.changes.length === 0) return
      reached = read.cursor
      tell(read.changes)
      const reacted = react(world, { nudgeScaler: options.nudgeScaler }, read.changes)
      options.onChanges(read.changes, reacted)
      unsettled++
      settled = Promise.all([settled, reacted]).then(() => {
        cursor = read.cursor
        unsettled--
      })
      settled.catch(options.onFailed)
      if (unsettled >= unsettledMost) await settled
      if (world.clock.monotonicMs() - storedAtMs > cursorEveryMs) await storeCursor()
    }
  }

  async function storeCursor(): Promise<void> {
    storedAtMs = world.clock.monotonicMs()
    const item = { ...feedCursor, born: world.ids.token(), n: 1, data: { cursor } }
    await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
  }

  function wake(): void {
    if (working !== undefined || isStopped) return
    working = work()
      .catch(options.onFailed)
      .finally(() => {
        working = undefined
      })
  }

  const unsubscribe = feed.onChange(() => (working === undefined ? wake() : void working.then(wake)))
  wake()
  return {
    onTask: (taskId, listener) => {
      const pk = `T#${taskId}`
      const listeners = watchers.get(pk) ?? new Set()
      listeners.add(listener)
      watchers.set(pk, listeners)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) watchers.delete(pk)
      }
    },
    stop: async () => {
      isStopped = true
      unsubscribe()
      await working
      await settled
      await storeCursor()
    },
  }
}

function cancelAsked(change: Change): { instance: string; run: string; taskId: string } | undefined {
  if (change.after === undefined) return undefined
  const after = headOf(change.after)
  if (after.cancel === undefined || after.run === undefined) return undefined
  const before = change.before === undefined ? undefined : headOf(change.before)
  if (before?.cancel !== undefined) return undefined
  return { instance: after.run.instance, run: after.run.id, taskId: after.id }
}

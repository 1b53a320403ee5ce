import { spans } from '#core/contract/limits'
import { isTerminal } from '#core/contract/task'
import { inChunks } from '#core/flow/list-all'
import type { Head } from '#core/head'
import { type Connection, isWatched, listConnections } from '#core/live/connections'
import { markWatched } from '#core/live/mark'
import { type Scope, scopeKey, scopeOf } from '#core/live/scope'
import { type WatchKind, watchedAs } from '#core/live/watched'
import type { Change } from '#core/ports'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { type Delivered, deliver, type LiveParts } from './deliver.ts'
import { stateTexts } from './states.ts'
import { leaveUntold, type Untold } from './untold.ts'
import { gatherWatched, type WatchedChange, type WatchedChanges } from './watched-changes.ts'

/**
 * Tells watchers what has changed, last of all that follows from a change and never at its cost (protocol 37): an end
 * that a watcher could not be told is left for the clock, any other state is dropped, since the next one follows.
 *
 * 1. A task without a mark that names no subject costs no read.
 * 2. One that names a subject costs one look a subject, at its birth: the directory's row was written before that look,
 *    and a watcher is written before he lists, so one of the two sees the other (protocol 2). If somebody watches, the
 *    task is marked, and so found by its later changes.
 * 3. The watchers of a scope are listed once a batch, however many tasks of it have changed.
 */
export type PushChanges = (changes: readonly Change[]) => Promise<void>

/** Rejects only if what could not be told cannot be left either. */
export function createPushChanges(parts: LiveParts): PushChanges {
  return async (changes) => {
    const watched: WatchedChanges = new Map()
    gatherWatched(parts.world, changes, watched)
    if (watched.size > 0) await pushWatched(parts, watched)
  }
}

const tasksAtOnce = 5
const sendsAtOnce = 20

export async function pushWatched(parts: LiveParts, watched: WatchedChanges): Promise<void> {
  const look = createLooks(parts)
  await inChunks([...watched.values()], tasksAtOnce, async (change) => {
    const untold = await pushOne(parts, look, change)
    if (untold !== undefined) await leaveUntold(parts.world, untold)
  })
}

interface Looks {
  readonly isWatched: (scope: Scope) => Promise<boolean>
  readonly connections: (scope: Scope) => Promise<readonly Connection[]>
}

/** Each scope is looked at once, in one batch. */
export function createLooks({ world }: LiveParts): Looks {
  const once = <Value>(read: (scope: Scope) => Promise<Value>) => {
    const reads = new Map<string, Promise<Value>>()
    return (scope: Scope) => {
      const key = scopeKey(world.ids, scope)
      const reading = reads.get(key) ?? read(scope)
      reads.set(key, reading)
      return reading
    }
  }
  return {
    isWatched: once((scope) => isWatched(world, scope)),
    connections: once((scope) => listConnections(world, scope)),
  }
}

/** @returns what is to be told once more: an end, or what could not even be looked at */
export async function pushOne(parts: LiveParts, look: Looks, change: WatchedChange): Promise<Untold | undefined> {
  try {
    const head = await stateToTell(parts.world, look, change)
    if (head === undefined) return undefined
    const ids: string[] = []
    for (const kind of head.kinds) {
      const scope = scopeOf(head.head, kind)
      if (scope !== undefined) ids.push(...(await tell(parts, await look.connections(scope), head.head)))
    }
    return ids.length > 0 && isTerminal(head.head.status) ? { head: head.head, ids } : undefined
  } catch (error) {
    parts.world.log.warn('live.push-failed', { taskId: change.head.id, error: String(error) })
    return { head: change.head }
  }
}

interface StateToTell {
  readonly head: Head
  readonly kinds: ReadonlySet<WatchKind>
}

async function stateToTell(world: World, look: Looks, change: WatchedChange): Promise<StateToTell | undefined> {
  const { head, isSeen, subjects } = change
  const looked = await Promise.all(subjects.map(async (scope) => ((await look.isWatched(scope)) ? [scope.kind] : [])))
  const found = looked.flat()
  const kinds = new Set([...(isSeen ? watchedAs(head, world.clock.now()) : []), ...found])
  if (kinds.size === 0) return undefined
  if (isTerminal(head.status)) return { head: await endNow(world, head, kinds), kinds }
  if (found.length === 0) return { head, kinds }
  const needed = world.clock.now() + spans.watchConnectionMs
  const marked = await markWatched(world, { taskId: head.id, by: found, needed })
  return marked === undefined || marked.born !== head.born ? undefined : { head: marked, kinds }
}

/**
 * A record of an end may come again after the task was begun anew: to those who watch it now that would be the end of
 * their watch. So an end is read anew before it is told to them.
 */
async function endNow(world: World, head: Head, kinds: ReadonlySet<WatchKind>): Promise<Head> {
  const current = kinds.has('task') ? await readHead(world, head.id) : undefined
  return current?.born === head.born ? current : head
}

/** @returns the connections that it did not get to */
export async function tell(
  parts: LiveParts,
  connections: readonly Connection[],
  head: Head,
): Promise<readonly string[]> {
  const state = { head, texts: stateTexts(parts.world, head) }
  const told = await inChunks(connections, sendsAtOnce, async (connection): Promise<Delivered> => {
    try {
      return await deliver(parts, connection, state)
    } catch (error) {
      parts.world.log.warn('live.send-failed', { connection: connection.id, error: String(error) })
      return 'failed'
    }
  })
  return connections.flatMap(({ id }, index) => (told[index] === 'failed' ? [id] : []))
}

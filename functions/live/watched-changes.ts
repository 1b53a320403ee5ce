import { isTerminal } from '#core/contract/task'
import { type Head, isOlder } from '#core/head'
import { headSk, isTaskPk } from '#core/keys'
import { headOf } from '#core/layout'
import { newSubjects, type Subject, scopeKey } from '#core/live/scope'
import { watchedAs } from '#core/live/watched'
import type { Change } from '#core/ports'
import type { World } from '#core/world'

/**
 * What of a batch of changes concerns watchers: of each task the newest state, if anything of it can be seen, and the
 * subjects under which it is found anew. Told from the changes alone, so a task that nobody watches and that names no
 * subject costs no read.
 */
export interface WatchedChange {
  readonly head: Head
  /** Something that a watcher would see has changed. */
  readonly isSeen: boolean
  readonly subjects: readonly Subject[]
}

export type WatchedChanges = Map<string, WatchedChange>

/** Adds the changes to what is waiting: it holds one state a task, however many there were. */
export function gatherWatched(world: World, changes: readonly Change[], into: WatchedChanges): void {
  for (const { pk, sk, before, after } of changes) {
    if (sk !== headSk || after === undefined || !isTaskPk(pk)) continue
    const head = headOf(after)
    const was = before === undefined || before.born !== after.born ? undefined : headOf(before)
    const isRevived = was !== undefined && isTerminal(was.status) && !isTerminal(head.status)
    const subjects = newSubjects(was, head, isRevived)
    const isMarked = watchedAs(head, world.clock.now()).length > 0
    if (subjects.length === 0 && !isMarked) continue
    const isSeen = isMarked && (was === undefined || isVisible(was, head))
    if (isSeen || subjects.length > 0) add(world, into, { head, isSeen, subjects })
  }
}

function add(world: World, into: WatchedChanges, { head, isSeen, subjects }: WatchedChange): void {
  const waiting = into.get(head.id)
  // A record that is told again must not hide the newer one.
  const newest = waiting !== undefined && isOlder(head, waiting.head) ? waiting.head : head
  const both = new Map([...(waiting?.subjects ?? []), ...subjects].map((each) => [scopeKey(world.ids, each), each]))
  into.set(head.id, { head: newest, isSeen: isSeen || waiting?.isSeen === true, subjects: [...both.values()] })
}

/** A renewal of a lease, a mark, a guard of the clock: nobody sees a difference, and each message is paid for. */
function isVisible(before: Head, after: Head): boolean {
  return seenOf(before) !== seenOf(after)
}

function seenOf(head: Head): string {
  const { n: _n, writer: _w, modifiedAt: _at, modifiedBy: _by, due: _due, run: _run, flow: _flow, ...rest } = head
  const { watched: _watched, ...seen } = rest
  return JSON.stringify(seen)
}

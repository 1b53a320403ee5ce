import { spans } from '../contract/limits.ts'
import type { Decision } from '../events.ts'
import { rollForward } from '../flow/batch.ts'
import { lookAtFlow } from '../flow/look.ts'
import { type Head, readyAt } from '../head.ts'
import { batchIdOf, headSk, isBatchPk, taskIdOf } from '../keys.ts'
import { lostAt, timeoutAt } from '../lease.ts'
import { decide } from '../lifecycle.ts'
import type { Key } from '../ports.ts'
import type { World } from '../world.ts'
import { workBulk } from './bulk/work-bulk.ts'
import { move, readHead } from './move.ts'

/** What one tick works off at most; the rest waits for the next one, oldest first. */
const entriesMost = 1_000
const failedEntryAgainMs = 60_000

export interface TickAsk {
  /** Whether the bell of a task that was last rung at that time must be gone from its worker's queue (protocol 11). */
  readonly bellMustBeGone: (worker: string, rungAt: number) => boolean
  /** What is to be done about an entry that is no head: the home knows which there are. */
  readonly onOther?: ((key: Key) => Promise<void>) | undefined
  /** Takes a bulk that is due, to work it off when there is time; without it one portion is done at once. */
  readonly onBulk?: ((taskId: string) => void) | undefined
}

export interface DueEntries {
  readonly keys: readonly Key[]
  /** There are others behind these. */
  readonly isFull: boolean
}

export async function dueEntries(world: World): Promise<DueEntries> {
  const keys = await world.store.due({ until: world.clock.now(), limit: entriesMost })
  return { keys, isFull: keys.length === entriesMost }
}

/**
 * The clock: looks at every task whose `due` has come, and derives from the head what to do (protocol 1, 10). There is
 * no cursor: an entry leaves the index only by a write of its head, and one that fails is pushed and met again.
 */
export async function tickTasks(
  world: World,
  ask: TickAsk,
  { keys }: DueEntries,
): Promise<{ readonly looked: number; readonly moved: number }> {
  const heads = keys.filter(({ sk }) => sk === headSk)
  const others = keys.filter(({ sk }) => sk !== headSk)
  const [moved] = await Promise.all([
    Promise.all(heads.map(({ pk }) => tickOne(world, ask, taskIdOf(pk)))),
    ...others.map((key) => tickOther(world, ask, key)),
  ])
  return { looked: heads.length + others.length, moved: moved.filter(Boolean).length }
}

async function tickOther(world: World, { onOther }: TickAsk, key: Key): Promise<void> {
  try {
    if (isBatchPk(key.pk)) await rollForward(world, batchIdOf(key.pk))
    else await onOther?.(key)
  } catch (error) {
    // Whoever acts on it has pushed it before (10); where even that failed, the next tick meets it again.
    world.log.error('clock.entry-failed', { ...key, error: String(error) })
  }
}

async function tickOne(world: World, ask: TickAsk, taskId: string): Promise<boolean> {
  try {
    const known = await readHead(world, taskId)
    if (known?.due === undefined || known.due > world.clock.now()) return false
    if (known.bulk !== undefined) return await tickBulk(world, ask, taskId)
    const looked = await lookAtFlow(world, known)
    if (looked !== 'not-of-a-flow') return looked === 'moved'
    const writer = world.ids.token()
    const outcome = await move(world, { taskId, writer, known, decide: (head) => derive(world, ask, head, writer) })
    return outcome.kind === 'moved'
  } catch (error) {
    world.log.error('clock.entry-failed', { taskId, error: String(error) })
    await pushEntry(world, taskId)
    return false
  }
}

async function tickBulk(world: World, { onBulk }: TickAsk, taskId: string): Promise<boolean> {
  if (onBulk === undefined) return workBulk(world, taskId, { mayGoOn: () => false })
  onBulk(taskId)
  return false
}

/** The first of the moves that are due now; else the guard is set to the next moment anything could be needed. */
export function derive(world: World, ask: TickAsk, head: Head, writer: string): Decision {
  const now = world.clock.now()
  if (head.due === undefined || head.due > now) return { kind: 'refused', reason: 'not-over' }
  const at = { now, writer }
  const judging = { seesSince: world.seesSince(), chance: world.chance() }
  switch (head.status) {
    case 'waiting':
      return first(
        decide(head, { kind: 'expire', ...at }),
        () => decide(head, { kind: 'ripen', ...at }),
        () =>
          pushed(head, at, Math.min(readyAt(head) - spans.bellDelayMs, head.notStartAfter ?? Number.POSITIVE_INFINITY)),
      )
    case 'queued':
      return first(
        decide(head, { kind: 'expire', ...at }),
        () => decide(head, { kind: 'end-grace', ...at, ...judging }),
        () => (ask.bellMustBeGone(head.worker, head.modifiedAt) ? decide(head, { kind: 'ring', ...at }) : undefined),
        () => pushed(head, at, nextLookAtQueued(world, head)),
      )
    case 'running':
      return first(
        decide(head, { kind: 'end-grace', ...at, ...judging }),
        () => decide(head, { kind: 'time-out', ...at, ...judging }),
        () => decide(head, { kind: 'lose', ...at, ...judging }),
        () => pushed(head, at, nextLook(world, head)),
      )
    default:
      return { kind: 'refused', reason: 'not-over' }
  }
}

function first(decision: Decision, ...others: readonly (() => Decision | undefined)[]): Decision {
  let answer = decision
  for (const other of others) {
    if (answer.kind === 'move') return answer
    answer = other() ?? answer
  }
  return answer
}

function pushed(head: Head, at: { readonly now: number; readonly writer: string }, due: number): Decision {
  return decide(head, { kind: 'guard', ...at, due: Math.max(due, at.now + 1_000) })
}

function nextLookAtQueued(world: World, { notStartAfter, cancel }: Head): number {
  const grace = cancel === undefined ? undefined : Math.max(cancel.graceUntil, world.seesSince() + spans.cancelStartMs)
  return Math.min(
    world.clock.now() + spans.auditGuardMs,
    ...[notStartAfter, grace].filter((time) => time !== undefined),
  )
}

/** When a running task may next need the clock: its lease judged lost, its time limit, the end of its cancel grace. */
function nextLook(world: World, head: Head): number {
  const now = world.clock.now()
  if (head.run === undefined) return now + spans.auditGuardMs
  const limit = head.timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : timeoutAt(head, head.run)
  const grace = head.cancel?.graceUntil ?? Number.POSITIVE_INFINITY
  return Math.min(lostAt(head, head.run, world.seesSince()), ...[limit, grace].filter((time) => time > now))
}

async function pushEntry(world: World, taskId: string): Promise<void> {
  const writer = world.ids.token()
  const due = world.clock.now() + failedEntryAgainMs
  try {
    await move(world, {
      taskId,
      writer,
      decide: (head) => decide(head, { kind: 'guard', now: world.clock.now(), writer, due }),
    })
  } catch (error) {
    // The entry stays where it is: the next tick meets it again.
    world.log.error('clock.push-failed', { taskId, error: String(error) })
  }
}

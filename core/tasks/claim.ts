import { spans } from '../contract/limits.ts'
import type { Json } from '../contract/names.ts'
import { isTerminal } from '../contract/task.ts'
import type { Decision } from '../events.ts'
import { type Head, readyAt } from '../head.ts'
import { argumentsOf } from '../layout.ts'
import { bellHoldMs, lostAt } from '../lease.ts'
import { decide } from '../lifecycle.ts'
import type { Bell, ReceivedBell } from '../ports.ts'
import type { World } from '../world.ts'
import { move, readHead } from './move.ts'

/** How long to wait between looks at a head that its bell is ahead of; then the bell hides for ever longer (protocol 9). */
const looksMs = [20, 50, 100, 200]
const hideAheadMostMs = 60_000
const hideNotForUsMs = 30_000
const freshLeftMs = 5_000
const receivesMost = 100
/** More than clocks may differ by, and a write may take. */
const bornAgainMs = 60_000
const bellAgeMostMs = 12 * spans.dayMs

export interface ClaimAsk {
  readonly received: ReceivedBell
  /** The hold that the receive asked for. */
  readonly holdMs: number
  readonly instance: string
  /** The new run's id, and the claim's writer token: a repeated receive finds its own claim (protocol 4). */
  readonly run: string
  /** Whether this instance may run the task: hosts its command, is not paused, can give it the room it needs. */
  readonly accepts: (head: Head) => boolean
}

/** What the receiver does now: run it, hide the bell for so long, delete it, or leave it alone until its hold ends. */
export type ClaimOutcome =
  | { readonly kind: 'run'; readonly head: Head; readonly arguments: Json | undefined; readonly holdMs: number }
  | { readonly kind: 'hide'; readonly ms: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'leave' }

/** A bell is a hint, the head decides. All of protocol rule 9 is here. */
export async function claim(world: World, ask: ClaimAsk): Promise<ClaimOutcome> {
  const { bell, receivedCount } = ask.received
  if (tooLittleLeft(world, ask)) return { kind: 'leave' }
  const copy = receivedCount === 1 && bell.n === 1 ? (bell.copy as Head | undefined) : undefined
  const head = copy ?? (await readHead(world, bell.taskId))
  const outcome = await judge(world, ask, head)
  if (outcome.kind !== 'ahead') return outcome
  for (const ms of looksMs) {
    await world.clock.wait(ms)
    if (tooLittleLeft(world, ask)) return { kind: 'leave' }
    const again = await judge(world, ask, await readHead(world, bell.taskId))
    if (again.kind !== 'ahead') return again
  }
  if (world.clock.now() - ask.received.sentAt > spans.bellAheadMs) return { kind: 'drop' }
  return { kind: 'hide', ms: Math.min(hideAheadMostMs, 1_000 * 2 ** (receivedCount - 1)) }
}

/** The claim's condition is the head's version, so a stale copy can only lose; then the current head is judged. */
async function judge(world: World, ask: ClaimAsk, seen: Head | undefined): Promise<ClaimOutcome | { kind: 'ahead' }> {
  const { bell } = ask.received
  if (seen === undefined || isAhead(world, bell, seen)) return { kind: 'ahead' }
  const outcome = await move(world, {
    taskId: bell.taskId,
    writer: ask.run,
    known: seen,
    // A conflict may show an older head than the bell's copy: its write is still on the way.
    decide: (head) =>
      isAhead(world, bell, head) || tooLittleLeft(world, ask)
        ? { kind: 'refused', reason: 'not-ready' }
        : takes(world, ask, head),
  })
  if (outcome.kind === 'absent') return { kind: 'ahead' }
  const { head } = outcome
  if (outcome.kind === 'moved' && head.run?.id === ask.run) {
    return { kind: 'run', head, arguments: await argumentsOf(world.store, head), holdMs: bellHoldMs(head.leaseSeconds) }
  }
  // Reading may have taken long: somebody else may hold the bell by now.
  if (tooLittleLeft(world, ask)) return { kind: 'leave' }
  return isAhead(world, bell, head) ? { kind: 'ahead' } : leftBehind(world, ask, head)
}

/** Whether the write that this bell was rung for may still come. Dropping such a bell would lose what is then accepted. */
function isAhead(world: World, bell: Bell, head: Head): boolean {
  if (head.born === bell.born) return head.n < bell.n
  // An earlier life at the end of its retention: a new one may be about to take its place (protocol 30).
  return head.expiresAt !== undefined && head.expiresAt <= world.clock.now() + bornAgainMs
}

function takes(world: World, ask: ClaimAsk, head: Head): Decision {
  const now = world.clock.now()
  const event = { kind: 'claim', now, writer: ask.run, run: ask.run, instance: ask.instance } as const
  const accepted = ask.accepts(head)
  if (head.status === 'queued' && (head.notStartAfter ?? now) < now) {
    return decide(head, { kind: 'expire', now, writer: ask.run })
  }
  if (head.status === 'queued' && isWornOut(ask.received, now) && (!accepted || readyAt(head) > now)) {
    return decide(head, { kind: 'ring', now, writer: ask.run })
  }
  if (head.status === 'running') return takesOver(world, ask, head)
  return accepted ? decide(head, event) : { kind: 'refused', reason: 'not-in-this-status' }
}

/**
 * A run past its lease and margin is lost, whoever finds it. One write says both that and that this run has it (rule
 * 13), unless it is not for this instance or may not start now: then it goes back to the queue with a bell of its own.
 */
function takesOver(world: World, ask: ClaimAsk, head: Head): Decision {
  const at = { now: world.clock.now(), writer: ask.run }
  const lost = decide(head, { kind: 'lose', ...at, seesSince: world.seesSince(), chance: world.chance() })
  if (lost.kind === 'refused' || lost.next.status !== 'queued' || !ask.accepts(lost.next)) return lost
  const taken = decide(lost.next, { kind: 'claim', ...at, run: ask.run, instance: ask.instance })
  return taken.kind === 'move' ? taken : lost
}

/** What a bell is still good for when its task was not claimed. */
function leftBehind(world: World, ask: ClaimAsk, head: Head): ClaimOutcome {
  const now = world.clock.now()
  if (isTerminal(head.status)) return { kind: 'drop' }
  switch (head.status) {
    case 'queued':
      // Either not ready yet, not for this instance, or just rung anew by our own move: then this bell is spare.
      if (head.writer === ask.run) return { kind: 'drop' }
      return { kind: 'hide', ms: ask.accepts(head) ? Math.max(0, readyAt(head) - now) : hideNotForUsMs }
    case 'running':
      if (head.run === undefined || head.run.renewed) return { kind: 'drop' }
      return { kind: 'hide', ms: Math.max(1_000, lostAt(head, head.run, world.seesSince()) - now) }
    case 'waiting':
    case 'suspended': {
      const wakeAt = head.status === 'waiting' ? readyAt(head) : (head.flow?.suspension?.wakeAt ?? 0)
      const wakeMs = wakeAt - now
      return wakeMs <= spans.bellDelayMs && wakeMs > 0 ? { kind: 'hide', ms: wakeMs } : { kind: 'drop' }
    }
    default:
      throw new Error(`claim: ${head.status} is terminal`)
  }
}

function tooLittleLeft(world: World, ask: ClaimAsk): boolean {
  return ask.received.heldUntilMs - world.clock.monotonicMs() < Math.min(freshLeftMs, ask.holdMs / 3)
}

function isWornOut(received: ReceivedBell, now: number): boolean {
  return received.receivedCount >= receivesMost || now - received.sentAt > bellAgeMostMs
}

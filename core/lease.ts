import { spans } from './contract/limits.ts'
import type { Head, Run } from './head.ts'

/**
 * The arithmetic of leases (protocol 12, 14, 15). The owner counts from the moment it *sends* a renewal and gives up a
 * little early; the hub waits a little longer than the lease: between the two lies room for slow networks and clocks.
 */

/** How long past the lease the hub waits before it takes a task over. */
export function leaseMarginMs(leaseSeconds: number): number {
  return Math.min(spans.leaseMarginMs, (leaseSeconds * 1_000) / 2)
}

/** How long after sending its last good renewal an owner must stop, whatever it is doing. */
export function ownerAbortMs(leaseSeconds: number): number {
  const leaseMs = leaseSeconds * 1_000
  return leaseMs - Math.min(5_000, leaseMs / 4)
}

/** How often the owner renews; also how late a cancel may reach it where nothing is pushed (protocol 19). */
export function renewEveryMs(leaseSeconds: number): number {
  return (leaseSeconds * 1_000) / 3
}

/** How long a bell stays hidden from the moment the receive was sent: a crash brings it back after that by itself. */
export function bellHoldMs(leaseSeconds: number): number {
  return leaseSeconds * 1_000 + leaseMarginMs(leaseSeconds)
}

/**
 * From when a run may be judged lost. A hub that was blind (restart, sleep, missed ticks) gives every lease one more
 * lease from the moment it sees again (protocol 15).
 *
 * @param seesSince since when this hub has been watching without a gap, epoch ms
 */
export function lostAt(head: Head, run: Run, seesSince: number): number {
  const leaseMs = head.leaseSeconds * 1_000
  return Math.max(run.leaseUntil, seesSince + leaseMs) + leaseMarginMs(head.leaseSeconds)
}

/**
 * `due` of a renewed run lies three leases ahead of a renewal and moves only when less than one lease would be left
 * (protocol 12). It counts from the renewal, not from now: a patch or a cancel must not put off the look at a dead run.
 */
export function leaseDue(head: Head, run: Run): number {
  const leaseMs = head.leaseSeconds * 1_000
  const most = run.leaseUntil + 2 * leaseMs
  const kept = head.due
  // A guard farther away than that is not of a lease: the audit's day, say.
  return kept !== undefined && kept >= run.leaseUntil && kept <= most ? kept : most
}

/** When the hub itself ends a run for its time limit: a grace after the owner should have done so. */
export function timeoutAt(head: Head, run: Run): number {
  return run.startedAt + (head.timeoutSeconds ?? 0) * 1_000 + spans.leaseMarginMs
}

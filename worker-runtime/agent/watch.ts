import { ownerAbortMs } from '#core/lease'
import { timeoutLine } from '../end-lines.ts'
import type { Ends } from './ends.ts'
import type { HandBacks } from './hand-backs.ts'
import type { Held, HeldRuns } from './held-runs.ts'

/** What time does to held runs: leases that end, time limits, and prefetched runs that nobody comes to start. */

export const timeoutGraceMs = 5_000
const unstartedMostMs = 2_000
/** How long a handler may go on after its lease was lost before its place counts as lost too. */
export const ignoresAbortMostMs = 60_000

export interface WatchOptions {
  readonly runs: HeldRuns
  readonly ends: Ends
  readonly handBacks: HandBacks
  readonly abort: (held: Held, reason: 'timeout' | 'lease-lost') => void
  /** A handler outlived its time limit and its grace: this process has to make room for a fresh one. */
  readonly onStuck: (held: Held, why: string) => void
}

export function watchRun(held: Held, now: number, options: WatchOptions): void {
  if (held.leaving) return
  const { runs, handBacks } = options
  const { leaseSeconds } = held.grant
  if (now - held.leaseFromMs >= ownerAbortMs(leaseSeconds) && held.aborted !== 'lease-lost') {
    if (runs.takeBack(held)) handBacks.add(held, 'lease lost')
    else options.abort(held, 'lease-lost')
    return
  }
  if (held.aborted === 'lease-lost' && now - held.abortedAtMs > ignoresAbortMostMs) {
    handBacks.add(held, 'lease lost')
    options.onStuck(held, 'a handler goes on although its lease was lost')
    return
  }
  if (runs.isStarted(held)) watchTimeout(held, now, options)
  else if (now - held.arrivedAtMs >= unstartedMostMs && held.endLine === undefined && runs.takeBack(held)) {
    handBacks.add(held, `waited ${unstartedMostMs / 1_000} s for a free place`)
  }
}

function watchTimeout(held: Held, now: number, { runs, ends, abort, onStuck }: WatchOptions): void {
  const { timeoutSeconds } = held.grant
  if (timeoutSeconds === undefined || held.aborted === 'lease-lost' || held.endLine !== undefined) return
  const overMs = now - runs.startedAtMs(held) - timeoutSeconds * 1_000
  if (overMs < 0) return
  if (held.aborted === undefined) abort(held, 'timeout')
  // Whatever aborted it, a handler gets this grace and no more.
  if (overMs < timeoutGraceMs) return
  ends.add(held, timeoutLine(held.grant, timeoutSeconds))
  onStuck(held, `a handler outlived its time limit of ${timeoutSeconds} s`)
}

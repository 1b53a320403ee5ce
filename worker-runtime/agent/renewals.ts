import { limits } from '#core/contract/limits'
import type { RunAnswer } from '#core/contract/worker-protocol'
import { renewEveryMs } from '#core/lease'
import type { Calls } from './calls.ts'
import type { Held } from './held-runs.ts'
import { outcomesOf } from './outcomes.ts'

/** Renewals, and progress with them: all that are due at a tick share one call. */

const progressEveryMs = 1_000
/** Progress of a run that is over in a moment is told once, by the write before its end. */
const progressFirstMs = 250
const answerLeastMs = 1_000
const answerMostMs = 10_000

export interface RenewalsOptions {
  readonly calls: Calls
  readonly onAnswer: (held: Held, outcome: RunAnswer['outcome']) => void
}

export function isRenewalDue(held: Held, now: number): boolean {
  if (held.renewing || held.leaving) return false
  // A suspend that is under way is the run's only message but for its lease, which must not end over a slow answer.
  if (held.endLine !== undefined && !held.suspending) return true
  if (now - held.leaseFromMs >= renewEveryMs(held.grant.leaseSeconds)) return true
  if (held.progress === undefined || held.suspending) return false
  // Before the first report `progressSentAtMs` is the grant's arrival.
  const sentBefore = held.progressSentAtMs !== held.arrivedAtMs
  return now - held.progressSentAtMs >= (sentBefore ? progressEveryMs : progressFirstMs)
}

/** Sends one renewal for all of these runs, in as many calls as the protocol's limit asks for. */
export function renew(due: readonly Held[], now: number, options: RenewalsOptions): void {
  for (let from = 0; from < due.length; from += limits.protocolMoves) {
    renewSome(due.slice(from, from + limits.protocolMoves), now, options)
  }
}

function renewSome(due: readonly Held[], now: number, { calls, onAnswer }: RenewalsOptions): void {
  const leaseSeconds = Math.min(...due.map(({ grant }) => grant.leaseSeconds))
  const byRun = new Map(due.map((held) => [held.grant.run, held]))
  const done = () => {
    for (const held of due) {
      held.renewing = false
      held.progressUnderWay = false
    }
  }
  calls.send({
    op: 'renew',
    fields: `"runs":[${due.map((held) => entryOf(held, now)).join(',')}]`,
    answerMostMs: Math.min(answerMostMs, Math.max(answerLeastMs, renewEveryMs(leaseSeconds))),
    onAnswer: ({ answer, sentAtMs }) => {
      done()
      for (const { run, outcome } of outcomesOf(answer)) {
        const held = byRun.get(run)
        if (held === undefined) continue
        if (outcome === 'owned' || outcome === 'cancel') {
          held.renewed = true
          held.leaseFromMs = Math.max(held.leaseFromMs, sentAtMs)
        }
        onAnswer(held, outcome)
      }
    },
    // Not renewed: the next tick tries again, and the lease's end is the judge.
    onProblem: () => {
      done()
      for (const held of due) onAnswer(held, 'refused')
    },
  })
}

function entryOf(held: Held, now: number): string {
  const { grant } = held
  held.renewing = true
  let entry = `{"taskId":"${grant.task.id}","run":${JSON.stringify(grant.run)}`
  // The bell's receipt goes with the first renewal, which takes over from the bell as the run's guard (protocol 12).
  if (!held.renewed) entry += `,"ticket":${JSON.stringify(grant.ticket)}`
  if (held.progress !== undefined) {
    entry += `,"progress":${held.progress}`
    held.progress = undefined
    held.progressSentAtMs = now
    held.progressUnderWay = true
  }
  return `${entry}}`
}

import { limits } from '#core/contract/limits'
import { runFields } from '../end-lines.ts'
import type { Calls } from './calls.ts'
import type { Held } from './held-runs.ts'

/** Runs given back unfinished: interrupted, which is not a failed run. All of one turn and reason share a call. */

const answerMostMs = 15_000

export interface HandBacks {
  readonly add: (held: Held, reason: string) => void
  readonly flush: () => void
  readonly count: () => number
}

export function createHandBacks(calls: Calls, onDone: (held: Held) => void): HandBacks {
  const gathered = new Map<string, Held[]>()
  let count = 0

  const send = (runs: readonly Held[], reason: string) => {
    const settle = () => {
      count -= runs.length
      for (const held of runs) onDone(held)
    }
    calls.send({
      op: 'release',
      fields: `"reason":${JSON.stringify(reason)},"runs":[${runs.map(({ grant }) => `{${runFields(grant)}}`).join(',')}]`,
      answerMostMs,
      onAnswer: settle,
      // Somebody else's by now, or gone: either way it is no longer held here.
      onProblem: settle,
    })
  }

  return {
    add: (held, reason) => {
      held.leaving = true
      count++
      const group = gathered.get(reason)
      if (group === undefined) gathered.set(reason, [held])
      else group.push(held)
    },
    flush: () => {
      for (const [reason, runs] of gathered) {
        for (let from = 0; from < runs.length; from += limits.protocolMoves) {
          send(runs.slice(from, from + limits.protocolMoves), reason)
        }
      }
      gathered.clear()
    },
    count: () => count,
  }
}

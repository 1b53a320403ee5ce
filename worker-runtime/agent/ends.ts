import { limits } from '#core/contract/limits'
import { failLine } from '../end-lines.ts'
import { taskError } from '../failure.ts'
import type { Calls } from './calls.ts'
import type { Held } from './held-runs.ts'
import { outcomesOf } from './outcomes.ts'

/**
 * Ends on their way to the hub: one `complete` is under way and one is being gathered. Nothing waits for a timer: on an
 * idle connection an end goes out at once, and the busier the hub, the more of them share a call.
 */

const callBytesMost = 4 * 1_048_576
const answerMostMs = 30_000

export interface Ends {
  readonly add: (held: Held, line: string) => void
  readonly flush: () => void
  readonly count: () => number
}

interface End {
  readonly held: Held
  readonly line: string
  /** The hub refused an earlier end of this run: another refusal is the last word. */
  readonly second: boolean
  readonly single: boolean
}

export interface EndsOptions {
  readonly calls: Calls
  readonly onEnded: (held: Held) => void
  readonly warn: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

export function createEnds({ calls, onEnded, warn }: EndsOptions): Ends {
  let gathered: End[] = []
  let underWay: readonly End[] = []

  const flush = () => {
    if (underWay.length > 0 || gathered.length === 0) return
    const count = countFor(gathered)
    underWay = gathered.slice(0, count)
    gathered = gathered.slice(count)
    calls.send({
      op: 'complete',
      fields: `"ends":[${underWay.map(({ line }) => line).join(',')}]`,
      answerMostMs,
      onAnswer: ({ answer }) => {
        const refusals = refusalsOf(answer)
        settle((end) => refusals?.get(end.held.grant.run))
      },
      onProblem: ({ code, message }) => {
        // One bad end must not take the others with it: each is sent by itself.
        if (underWay.length > 1) {
          gathered.unshift(...underWay.map((end) => ({ ...end, single: true })))
          underWay = []
          flush()
        } else settle(() => `${code}: ${message}`)
      },
    })
  }

  const settle = (refusalOf: (end: End) => string | undefined) => {
    const settled = underWay
    underWay = []
    for (const end of settled) {
      const refusal = refusalOf(end)
      if (refusal === undefined) onEnded(end.held)
      else refused(end, refusal)
    }
    flush()
  }

  const refused = ({ held, second, single }: End, message: string) => {
    warn('end.refused', { taskId: held.grant.task.id, message })
    if (second) return onEnded(held)
    const line = failLine(held.grant, taskError('end-refused', `The hub refused the end of the run: ${message}`, false))
    gathered.push({ held, line, second: true, single })
  }

  return {
    add: (held, line) => {
      held.leaving = true
      gathered.push({ held, line, second: false, single: false })
    },
    flush,
    count: () => gathered.length + underWay.length,
  }
}

function countFor(ends: readonly End[]): number {
  let bytes = 0
  let count = 0
  for (const { line, single } of ends) {
    bytes += line.length
    if (count > 0 && (single || bytes > callBytesMost || count >= limits.protocolMoves)) break
    count++
    if (single) break
  }
  return count
}

function refusalsOf(answer: unknown): ReadonlyMap<string, string> | undefined {
  let refusals: Map<string, string> | undefined
  for (const { run, outcome, message } of outcomesOf(answer)) {
    if (outcome !== 'refused') continue
    refusals ??= new Map()
    refusals.set(run, message ?? 'no reason given')
  }
  return refusals
}

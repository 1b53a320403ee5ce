import { limits } from '#core/contract/limits'
import type { FlowMessage, FromAgent } from '../link.ts'
import type { Calls } from './calls.ts'
import type { Held, HeldRuns } from './held-runs.ts'

/**
 * What runs say of their steps. All that has come when the event loop turns shares a call; each is answered by itself. A
 * suspend waits for a renewal that is under way, since a run has one writer of its head at a time (protocol 16).
 *
 * Invariant: that a run is to stop is told to its handler before the answer that says so, or it would fail of it.
 */

const answerMostMs = 30_000
/** It registers anew with its next stream, and says the same again: nothing of it was heard. */
const forgotten = 'not-registered'
const callBytesMost = 4 * 1_048_576

export interface FlowCalls {
  readonly add: (message: FlowMessage) => void
  readonly flush: () => void
  /** A renewal of this run has been answered. */
  readonly renewed: (held: Held) => void
}

export interface FlowCallsOptions {
  readonly calls: Calls
  readonly runs: HeldRuns
  readonly post: (message: FromAgent) => void
  readonly onSuspended: (held: Held) => void
  readonly onCancel: (held: Held) => void
  readonly onLost: (held: Held) => void
  /** The hub does not know this instance any more. */
  readonly onForgotten: (message: string) => void
  /** Tells the run's progress, which would be lost with a suspend. */
  readonly renew: (held: Held) => void
  /** It goes on, and its end may have come meanwhile. */
  readonly onResolved: (held: Held) => void
}

interface Asked {
  readonly held: Held
  readonly message: FlowMessage
}

interface RunAnswer {
  readonly outcome?: unknown
}

export function createFlowCalls(options: FlowCallsOptions): FlowCalls {
  const { calls, runs, post } = options
  const gathered: Record<'step' | 'suspend', Asked[]> = { step: [], suspend: [] }
  /** Suspends that wait for the renewal of their run. */
  const waiting = new Map<Held, FlowMessage>()

  let isFlushSet = false

  const answer = ({ message }: Asked, told: unknown) => post({ kind: 'flow', number: message.number, answer: told })

  const add = (message: FlowMessage) => {
    const held = runs.get(message.run)
    if (held === undefined || held.leaving || held.aborted === 'lease-lost') {
      return post({ kind: 'flow', number: message.number, answer: undefined })
    }
    switch (message.op) {
      case 'outputs':
        return outputs({ held, message })
      case 'step':
        gather('step', { held, message })
        return
      case 'suspend':
        // It ends like one that threw.
        if (held.aborted !== undefined) return post({ kind: 'flow', number: message.number, answer: undefined })
        if (held.progress !== undefined && !held.renewing) options.renew(held)
        if (held.renewing) waiting.set(held, message)
        else suspend({ held, message })
        return
      default:
        message.op satisfies never
    }
  }

  /** Still the instance's, and nothing is on its way that ends it. */
  const isHeld = (held: Held) => runs.get(held.grant.run) === held && !held.leaving

  const suspend = (asked: Asked) => {
    asked.held.suspending = true
    gather('suspend', asked)
  }

  const gather = (op: 'step' | 'suspend', asked: Asked) => {
    gathered[op].push(asked)
    if (isFlushSet) return
    isFlushSet = true
    setImmediate(() => {
      isFlushSet = false
      flush()
    })
  }

  const outputs = (asked: Asked) => {
    const { grant } = asked.held
    calls.send({
      op: 'outputs',
      fields: `"taskId":"${grant.task.id}","run":${JSON.stringify(grant.run)},${asked.message.fields}`,
      answerMostMs,
      onAnswer: ({ answer: told }) => answer(asked, told),
      onProblem: ({ code, message }) => {
        if (code === 'run-lost') options.onLost(asked.held)
        answer(asked, code === 'run-lost' ? undefined : { refused: `${code}: ${message}` })
      },
    })
  }

  const flush = () => {
    for (const op of ['step', 'suspend'] as const) {
      while (gathered[op].length > 0) send(op, gathered[op].splice(0, countFor(gathered[op])))
    }
  }

  const send = (op: 'step' | 'suspend', all: readonly Asked[]) => {
    const entries = all.map(({ held, message }) => {
      const { grant, renewed } = held
      const ticket = op === 'suspend' && !renewed ? `"ticket":${JSON.stringify(grant.ticket)},` : ''
      return `{"taskId":"${grant.task.id}","run":${JSON.stringify(grant.run)},${ticket}${message.fields}}`
    })
    calls.send({
      op,
      fields: `"runs":[${entries.join(',')}]`,
      answerMostMs,
      onAnswer: ({ answer: told }) => {
        const answers = runsOf(told)
        for (const [index, asked] of all.entries()) settle(op, asked, answers[index])
      },
      onProblem: ({ code, message }) => {
        if (code === forgotten) {
          options.onForgotten(`${op} refused: ${message}`)
          return send(op, all)
        }
        // One message that the hub cannot read must not take the others with it.
        if (all.length > 1) for (const asked of all) send(op, [asked])
        else for (const asked of all) settle(op, asked, { outcome: 'refused', message: `${code}: ${message}` })
      },
    })
  }

  const settle = (op: 'step' | 'suspend', asked: Asked, told: unknown) => {
    const { held } = asked
    const outcome = (told as RunAnswer | undefined)?.outcome ?? 'refused'
    if (op === 'suspend') held.suspending = false
    if (!isHeld(held)) return answer(asked, outcome === 'lost' ? undefined : told)
    if (outcome === 'lost') options.onLost(held)
    if (outcome === 'cancel') options.onCancel(held)
    answer(asked, told ?? { outcome: 'refused', message: 'the hub did not answer' })
    if (outcome === 'suspended') options.onSuspended(held)
    else if (op === 'suspend') options.onResolved(held)
  }

  return {
    add,
    flush,
    renewed: (held) => {
      const message = waiting.get(held)
      if (message === undefined || held.renewing) return
      waiting.delete(held)
      if (!isHeld(held) || held.aborted !== undefined || held.endLine !== undefined) {
        post({ kind: 'flow', number: message.number, answer: undefined })
      } else suspend({ held, message })
    },
  }
}

function runsOf(answer: unknown): readonly unknown[] {
  const runs = (answer as { readonly runs?: unknown } | undefined)?.runs
  return Array.isArray(runs) ? runs : []
}

function countFor(all: readonly Asked[]): number {
  let bytes = 0
  let count = 0
  for (const { message } of all) {
    bytes += message.fields.length
    if (count > 0 && (bytes > callBytesMost || count >= limits.protocolMoves)) break
    count++
  }
  return count
}

import { limits } from '#core/contract/limits'
import type { Calls, HubProblem } from './calls.ts'
import type { GrantHead } from './held-runs.ts'

/**
 * Asks for work: several receives are open at a time, so that the hub's flush is hidden behind the others. More than
 * the free places is asked for only while handlers are short.
 */

const openMost = 3
const waitSeconds = limits.receiveWaitSeconds
const answerMarginMs = 15_000
const prefetchMost = 200
const prefetchPerPlace = 4
const shortHandlerMs = 20
/** Weight of the newest turn in the average of handler times, and how many runs it takes before it is believed. */
const averageWeight = 0.2
const averageRunsLeast = 8

export interface Received {
  readonly grants: readonly GrantHead[]
  readonly drain: boolean
  readonly line: string
}

export interface ReceivesOptions {
  readonly calls: Calls
  readonly concurrency: number
  /** Slots in use, runs whose handlers outlived them included. */
  readonly slotsInUse: () => number
  readonly onReceived: (received: Received) => void
  readonly onProblem: (problem: HubProblem) => void
}

export interface Receives {
  /** Opens as many receives as the free places ask for. */
  readonly fill: () => void
  /** The last one before leaving: it waits so long, whatever else is open. */
  readonly last: (lastWaitSeconds: number) => void
  readonly open: () => number
  readonly tookTurn: (runs: number, handlerMs: number) => void
}

export function createReceives(options: ReceivesOptions): Receives {
  const { calls, concurrency } = options
  let open = 0
  let asked = 0
  let runsSeen = 0
  let handlerMs = 0

  const prefetch = () =>
    runsSeen >= averageRunsLeast && handlerMs < shortHandlerMs
      ? Math.min(prefetchMost, prefetchPerPlace * concurrency)
      : 0

  const send = (slots: number, wait: number) => {
    open++
    asked += slots
    const freeSlots = Math.max(0, concurrency - options.slotsInUse())
    const closeOne = () => {
      open--
      asked -= slots
    }
    calls.send({
      op: 'receive',
      fields: `"slots":${slots},"freeSlots":${freeSlots},"waitSeconds":${wait}`,
      answerMostMs: wait * 1_000 + answerMarginMs,
      onAnswer: ({ answer, brief, line }) => {
        closeOne()
        options.onReceived(Array.isArray(brief) ? briefReceived(brief, line) : receivedOf(answer, line))
      },
      onProblem: (problem) => {
        closeOne()
        options.onProblem(problem)
      },
    })
  }

  return {
    fill: () => {
      const total = concurrency + prefetch()
      // With many places a receive for a single one is not worth its flush: those that are open will do.
      const worthwhile = total > concurrency ? Math.max(1, Math.floor(total / (openMost + 1))) : 1
      const share = Math.max(1, Math.ceil(total / openMost))
      for (let free = total - options.slotsInUse() - asked; open < openMost; ) {
        if (free < (open === 0 ? 1 : worthwhile)) return
        const slots = Math.min(free, share, limits.receiveSlots)
        send(slots, waitSeconds)
        free -= slots
      }
    },
    last: (lastWaitSeconds) => send(concurrency, lastWaitSeconds),
    open: () => open,
    tookTurn: (runs, turnHandlerMs) => {
      if (runs === 0) return
      const average = turnHandlerMs / runs
      handlerMs = runsSeen === 0 ? average : handlerMs + (average - handlerMs) * averageWeight
      runsSeen += runs
    },
  }
}

function receivedOf(answer: unknown, line: string): Received {
  const drain = typeof answer === 'object' && answer !== null && 'drain' in answer && answer.drain === true
  const hasGrants = typeof answer === 'object' && answer !== null && 'grants' in answer && Array.isArray(answer.grants)
  return { grants: hasGrants ? (answer.grants as readonly GrantHead[]) : [], drain, line }
}

/** `[run, ticket, taskId, leaseSeconds, timeoutSeconds or 0, alone as 0 or 1]` for each grant, in their order. */
type Brief = readonly [string, string, string, number, number, 0 | 1]

function briefReceived(brief: readonly Brief[], line: string): Received {
  const grants = brief.map(([run, ticket, id, leaseSeconds, timeoutSeconds, alone]) => ({
    run,
    ticket,
    leaseSeconds,
    ...(timeoutSeconds > 0 ? { timeoutSeconds } : {}),
    ...(alone === 1 ? { alone: true } : {}),
    task: { id },
  }))
  return { grants, drain: false, line }
}

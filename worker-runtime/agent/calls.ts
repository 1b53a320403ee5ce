import { sharedMonotonicMs } from '#adapters/process/monotonic'
import { errorTable, isErrorCode } from '#core/contract/errors'
import type { WorkerProtocolOp } from '#core/contract/worker-protocol'
import type { Chance } from '#core/ports'

/**
 * Calls under way. Each keeps its line, nonce and all, until it is answered: after a broken stream the same line goes
 * out again, and the hub gives the same answer to it (protocol 4). Answers come in any order.
 */

export interface HubProblem {
  readonly code: string
  readonly message: string
}

export interface Answer {
  readonly answer: unknown
  /** Stands for the answer where the hub sent one. */
  readonly brief: unknown
  /** The whole line as it came. */
  readonly line: string
  /** When the call was first sent: a lease counts from then (protocol 14). */
  readonly sentAtMs: number
}

export interface CallAsk {
  readonly op: WorkerProtocolOp
  /** The body's own fields as JSON text, without braces. */
  readonly fields: string
  /** Without an answer for so long the stream counts as half-open. */
  readonly answerMostMs: number
  readonly onAnswer: (answer: Answer) => void
  /** The hub said no, and asking again would not change that. */
  readonly onProblem: (problem: HubProblem) => void
}

interface Call extends CallAsk {
  readonly line: string
  readonly sentAtMs: number
  writtenAtMs: number | undefined
  tries: number
}

export interface Calls {
  readonly send: (ask: CallAsk) => void
  /** The first call on a new stream; all others wait for its answer. */
  readonly sendFirst: (ask: CallAsk) => void
  readonly onLine: (line: string) => void
  readonly onDown: () => void
  /** What is wrong with the stream, if a call has waited too long. */
  readonly overdue: () => string | undefined
  readonly underWay: (op?: WorkerProtocolOp) => number
}

export interface CallsOptions {
  readonly worker: string
  readonly instance: string
  readonly nonce: () => string
  readonly chance: Chance
  readonly write: (line: string) => void
  readonly onPush: (push: unknown) => void
  readonly onNoise: (message: string) => void
}

const retryLeastMs = 100
const retryMostMs = 5_000

export function createCalls(options: CallsOptions): Calls {
  const calls = new Map<number, Call>()
  const who = `"worker":${JSON.stringify(options.worker)},"instance":${JSON.stringify(options.instance)}`
  let lastId = 0
  let firstId: number | undefined
  let isReady = false

  const add = (ask: CallAsk): [number, Call] => {
    const id = ++lastId
    const fields = ask.fields === '' ? '' : `,${ask.fields}`
    const line = `{"id":${id},"op":"${ask.op}","body":{${who},"nonce":"${options.nonce()}"${fields}}}\n`
    const call: Call = { ...ask, line, sentAtMs: sharedMonotonicMs(), writtenAtMs: undefined, tries: 0 }
    calls.set(id, call)
    return [id, call]
  }

  const write = (call: Call) => {
    call.writtenAtMs = sharedMonotonicMs()
    options.write(call.line)
  }

  const settle = (id: number, call: Call, line: string, message: Message) => {
    calls.delete(id)
    if (id === firstId) becomeReady()
    call.onAnswer({ answer: message.answer, brief: message.brief, line, sentAtMs: call.sentAtMs })
  }

  const becomeReady = () => {
    isReady = true
    for (const [id, call] of calls) if (id !== firstId) write(call)
  }

  const refuse = (id: number, call: Call, problem: HubProblem) => {
    if (isErrorCode(problem.code) && errorTable[problem.code].retry) {
      const mostMs = Math.min(retryMostMs, retryLeastMs * 2 ** call.tries++)
      call.writtenAtMs = undefined
      setTimeout(
        () => {
          if (calls.get(id) === call && (isReady || id === firstId) && call.writtenAtMs === undefined) write(call)
        },
        mostMs / 2 + (options.chance() * mostMs) / 2,
      )
      return
    }
    calls.delete(id)
    call.onProblem(problem)
  }

  return {
    send: (ask) => {
      const [, call] = add(ask)
      if (isReady) write(call)
    },
    sendFirst: (ask) => {
      if (firstId !== undefined) calls.delete(firstId)
      const [id, call] = add(ask)
      firstId = id
      write(call)
    },
    onLine: (line) => {
      const message = messageOf(line)
      if (message === undefined) return options.onNoise(line)
      if (message.push !== undefined) return options.onPush(message)
      const call = message.id === undefined ? undefined : calls.get(message.id)
      // Answered twice, or a call of an older stream that was answered meanwhile.
      if (call === undefined || message.id === undefined) return
      const problem = problemOf(message.problem)
      if (problem === undefined) settle(message.id, call, line, message)
      else refuse(message.id, call, problem)
    },
    onDown: () => {
      isReady = false
      for (const call of calls.values()) call.writtenAtMs = undefined
    },
    overdue: () => {
      const now = sharedMonotonicMs()
      for (const { op, writtenAtMs, answerMostMs } of calls.values()) {
        if (writtenAtMs !== undefined && now - writtenAtMs > answerMostMs) return `no answer to ${op}`
      }
      return undefined
    },
    underWay: (op) => {
      if (op === undefined) return calls.size
      let count = 0
      for (const call of calls.values()) if (call.op === op) count++
      return count
    },
  }
}

interface Message {
  readonly id?: number
  readonly brief?: unknown
  readonly answer?: unknown
  readonly problem?: unknown
  readonly push?: unknown
}

const briefStart = ',"brief":['
const briefEnd = '],"answer":'

/**
 * A hub may put a brief of the grants in front of an answer to receive: `{"id":7,"brief":[[…],…],"answer":…}`. Then the
 * grants themselves, with all their arguments, are parsed once, in the main thread, and pass here as text.
 */
function messageOf(line: string): Message | undefined {
  const start = line.startsWith(briefStart, line.indexOf(',')) ? line.indexOf(briefEnd) : -1
  try {
    const parsed: unknown = JSON.parse(start < 0 ? line : `${line.slice(0, start)}]}`)
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}

function problemOf(problem: unknown): HubProblem | undefined {
  if (typeof problem !== 'object' || problem === null) return undefined
  const code = 'code' in problem ? String(problem.code) : 'internal'
  const detail = 'detail' in problem ? problem.detail : 'title' in problem ? problem.title : code
  return { code, message: String(detail) }
}

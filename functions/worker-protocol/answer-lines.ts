import type { z } from 'zod'
import { ApiError, type Problem } from '#core/contract/errors'
import { isPlainComplete } from '#core/contract/plain-ends'
import { type WorkerProtocolOp, workerProtocol } from '#core/contract/worker-protocol'
import type { WorkerCalls } from './worker-calls.ts'

/**
 * The worker protocol as lines: `{ id, op, body }` in, `{ id, answer }` or `{ id, problem }` out in any order. What
 * carries the lines (a socket of the embedded hub, nothing at all inside an instance on AWS) is not known here.
 */

const callsOpenMost = 64

export interface AnswerLinesOptions {
  readonly calls: WorkerCalls
  readonly principal: string
  readonly send: (line: string) => void
  /** Who speaks like this does not speak the protocol: nothing more of it is answered. */
  readonly onNoise: (why: string) => void
  readonly onRegistered?: (instance: string) => void
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** Takes one line at a time, without its end. */
export function createAnswerLines(options: AnswerLinesOptions): (line: string) => void {
  const { calls, principal, send, onNoise } = options
  let callsOpen = 0

  async function answer(id: number, op: WorkerProtocolOp, body: unknown): Promise<void> {
    try {
      const parsed = op === 'complete' && isPlainComplete(body) ? body : parse(op, body)
      const answered = await calls.call(op, parsed, principal)
      if (op === 'register') options.onRegistered?.(parsed.instance)
      send(`{"id":${id},${op === 'receive' ? briefOf(answered as Received) : ''}"answer":${JSON.stringify(answered)}}`)
    } catch (error) {
      send(JSON.stringify({ id, problem: problemOf(op, error) }))
    } finally {
      callsOpen--
    }
  }

  function problemOf(op: string, error: unknown): Problem {
    if (error instanceof ApiError) return error.toProblem()
    options.log('stream.call-failed', { op, error: String(error) })
    return new ApiError('internal', 'the hub failed').toProblem()
  }

  return (line) => {
    let message: { readonly id?: unknown; readonly op?: unknown; readonly body?: unknown }
    try {
      message = JSON.parse(line)
    } catch {
      return onNoise('a line is not JSON')
    }
    const { id, op, body } = message
    if (typeof id !== 'number' || !isOp(op)) return onNoise('a line has no id, or an op that does not exist')
    if (++callsOpen > callsOpenMost) return onNoise(`more than ${callsOpenMost} calls at once`)
    void answer(id, op, body)
  }
}

function parse(op: WorkerProtocolOp, body: unknown): { readonly instance: string } {
  const parsed = workerProtocol[op].request.safeParse(body)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => ({ field: `/${path.join('/')}`, message }))
  throw new ApiError('invalid', `the ${op} message is malformed`, { issues })
}

type Received = z.infer<typeof workerProtocol.receive.answer>

/** What the instance's agent needs of each grant, in front of the answer: so it forwards the rest without parsing it. */
function briefOf({ grants }: Received): string {
  if (grants.length === 0) return ''
  const brief = grants.map(({ run, ticket, leaseSeconds, timeoutSeconds = 0, alone = false, task }) => [
    run,
    ticket,
    task.id,
    leaseSeconds,
    timeoutSeconds,
    alone ? 1 : 0,
  ])
  return `"brief":${JSON.stringify(brief)},`
}

function isOp(op: unknown): op is WorkerProtocolOp {
  return typeof op === 'string' && Object.hasOwn(workerProtocol, op)
}

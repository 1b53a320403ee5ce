import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import type { z } from 'zod'
import { ApiError, type Problem } from '#core/contract/errors'
import { isPlainComplete } from '#core/contract/plain-ends'
import { type WorkerProtocolOp, workerProtocol } from '#core/contract/worker-protocol'
import type { WorkerCalls } from '#functions/worker-protocol/worker-calls'

/**
 * The worker protocol as lines over one signed, upgraded connection: `{ id, op, body }` in, `{ id, answer }` or
 * `{ id, problem }` out in any order, and pushes without an id. Signed once, at the upgrade.
 */

const lineBytesMost = 8 * 1_024 * 1_024
const callsOpenMost = 64

export interface StreamOptions {
  readonly socket: Socket
  readonly calls: WorkerCalls
  readonly principal: string
  readonly onRegistered: (instance: string, stream: WorkerStream) => void
  readonly onClosed: (instance: string | undefined) => void
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

export class WorkerStream {
  readonly #options: StreamOptions
  /** A server's socket may not decode by itself, and a character may lie across two chunks. */
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  #instance: string | undefined
  #callsOpen = 0
  #out: string[] = []
  #isFlushSet = false

  constructor(options: StreamOptions) {
    this.#options = options
    const { socket } = options
    socket.setNoDelay(true)
    socket.setTimeout(0)
    socket.setKeepAlive(true, 30_000)
    socket.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)))
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.end())
    socket.on('close', () => options.onClosed(this.#instance))
  }

  /** Lines of one turn of the event loop leave in one write. */
  send(message: unknown): void {
    this.#sendLine(JSON.stringify(message))
  }

  #sendLine(line: string): void {
    this.#out.push(line)
    if (this.#isFlushSet) return
    this.#isFlushSet = true
    setImmediate(() => {
      this.#isFlushSet = false
      const lines = this.#out
      this.#out = []
      this.#options.socket.write(`${lines.join('\n')}\n`)
    })
  }

  close(): void {
    this.#options.socket.destroy()
  }

  #take(chunk: string): void {
    const lines = (this.#rest === '' ? chunk : this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > lineBytesMost) return this.#refuse('a line is too long')
    for (const line of lines) {
      if (line !== '') this.#line(line)
    }
  }

  #line(line: string): void {
    let message: { readonly id?: unknown; readonly op?: unknown; readonly body?: unknown }
    try {
      message = JSON.parse(line)
    } catch {
      return this.#refuse('a line is not JSON')
    }
    const { id, op, body } = message
    if (typeof id !== 'number' || !isOp(op)) return this.#refuse('a line has no id, or an op that does not exist')
    if (++this.#callsOpen > callsOpenMost) return this.#refuse(`more than ${callsOpenMost} calls at once`)
    void this.#call(id, op, body)
  }

  async #call(id: number, op: WorkerProtocolOp, body: unknown): Promise<void> {
    try {
      const parsed = op === 'complete' && isPlainComplete(body) ? body : parse(op, body)
      const answer = await this.#options.calls.call(op, parsed, this.#options.principal)
      if (op === 'register') {
        this.#instance = parsed.instance
        this.#options.onRegistered(parsed.instance, this)
      }
      this.#sendLine(
        `{"id":${id},${op === 'receive' ? briefOf(answer as Received) : ''}"answer":${JSON.stringify(answer)}}`,
      )
    } catch (error) {
      this.send({ id, problem: this.#problem(op, error) })
    } finally {
      this.#callsOpen--
    }
  }

  #problem(op: string, error: unknown): Problem {
    if (error instanceof ApiError) return error.toProblem()
    this.#options.log('stream.call-failed', { op, error: String(error) })
    return new ApiError('internal', 'the hub failed').toProblem()
  }

  #refuse(why: string): void {
    this.#options.log('stream.refused', { why })
    this.#options.socket.end(`${JSON.stringify({ problem: new ApiError('bad-request', why).toProblem() })}\n`)
    this.#options.socket.destroySoon()
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

import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { ApiError } from '#core/contract/errors'
import { createAnswerLines } from '#functions/worker-protocol/answer-lines'
import type { WorkerCalls } from '#functions/worker-protocol/worker-calls'

/**
 * The worker protocol as lines (functions/worker-protocol/answer-lines.ts) over one signed, upgraded connection, and
 * pushes without an id. Signed once, at the upgrade.
 */

const lineBytesMost = 8 * 1_024 * 1_024

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
  readonly #answer: (line: string) => void
  /** A server's socket may not decode by itself, and a character may lie across two chunks. */
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  #instance: string | undefined
  #out: string[] = []
  #isFlushSet = false

  constructor(options: StreamOptions) {
    this.#options = options
    const { socket, calls, principal, log } = options
    this.#answer = createAnswerLines({
      calls,
      principal,
      log,
      send: (line) => this.#sendLine(line),
      onNoise: (why) => this.#refuse(why),
      onRegistered: (instance) => {
        this.#instance = instance
        options.onRegistered(instance, this)
      },
    })
    socket.setNoDelay(true)
    socket.setTimeout(0)
    socket.setKeepAlive(true, 30_000)
    socket.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)))
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.end())
    socket.on('close', () => options.onClosed(this.#instance))
  }

  send(message: unknown): void {
    this.#sendLine(JSON.stringify(message))
  }

  /** Lines of one turn of the event loop leave in one write. */
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
      if (line !== '') this.#answer(line)
    }
  }

  #refuse(why: string): void {
    this.#options.log('stream.refused', { why })
    this.#options.socket.end(`${JSON.stringify({ problem: new ApiError('bad-request', why).toProblem() })}\n`)
    this.#options.socket.destroySoon()
  }
}

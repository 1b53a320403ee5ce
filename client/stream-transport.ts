import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeStream } from 'node:stream/web'

/** Requests whose body, or whose answer's, is not held in memory: files. */

export interface StreamRequest {
  readonly method: 'GET' | 'PUT'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: { readonly bytes: Readable; readonly size: number }
  /** How long nothing may move. The whole may take as long as it takes. */
  readonly idleMs: number
  readonly signal?: AbortSignal | undefined
}

export interface StreamAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  /** To be read to its end, or destroyed. */
  readonly body: Readable
}

export type StreamTransport = (request: StreamRequest) => Promise<StreamAnswer>

const sockets = 16
const options = { keepAlive: true, maxSockets: sockets, maxFreeSockets: 2, scheduling: 'lifo' } as const

export function httpStreams(): StreamTransport {
  let plain: HttpAgent | undefined
  let secure: HttpsAgent | undefined
  return (request) => {
    if (request.url.protocol === 'https:') {
      secure ??= new HttpsAgent(options)
      return send(requestHttps, secure, request)
    }
    plain ??= new HttpAgent(options)
    return send(requestHttp, plain, request)
  }
}

function send(open: typeof requestHttp, agent: HttpAgent, request: StreamRequest): Promise<StreamAnswer> {
  return new Promise((resolve, reject) => {
    const { method, url, body, signal, idleMs } = request
    const length = body === undefined ? {} : { 'content-length': String(body.size) }
    const outgoing = open(url, {
      method,
      headers: { ...request.headers, ...length },
      agent,
      ...(signal ? { signal } : {}),
    })
    let answered: IncomingMessage | undefined
    outgoing.setTimeout(idleMs, () => {
      const idle = new Error(`nothing moved for ${idleMs / 1_000} seconds`)
      answered?.destroy(idle)
      outgoing.destroy(idle)
    })
    outgoing.on('response', (incoming) => {
      answered = incoming
      resolve(answerOf(incoming))
    })
    outgoing.on('error', reject)
    if (body === undefined) outgoing.end()
    // A hub that refuses answers before all was sent: its answer tells more than the broken pipe does.
    else pipeline(body.bytes, outgoing, (error) => error && setImmediate(() => reject(error)))
  })
}

function answerOf(incoming: IncomingMessage): StreamAnswer {
  const header = (name: string): string | undefined => incoming.headers[name]?.toString()
  return { status: incoming.statusCode ?? 0, header, body: incoming }
}

/** The same over any function with the shape of `fetch`. */
export function fetchStreams(fetch: typeof globalThis.fetch): StreamTransport {
  return async ({ method, url, headers, body, signal }) => {
    const sent = body === undefined ? {} : { body: Readable.toWeb(body.bytes) as ReadableStream, duplex: 'half' }
    // A bucket takes nothing of an unsaid length.
    const all = body === undefined ? headers : { ...headers, 'content-length': String(body.size) }
    const stop = signal === undefined ? {} : { signal }
    const asked = { method, headers: all, redirect: 'manual', ...stop, ...sent } as const
    const answer = await fetch(url, asked)
    const bytes = answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as NodeStream<Uint8Array>)
    return { status: answer.status, header: (name) => answer.headers.get(name) ?? undefined, body: bytes }
  }
}

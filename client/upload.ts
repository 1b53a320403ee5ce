import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import type { CreatedPayload, NewPayload, Payload } from '../core/contract/files.ts'
import { readBucketProblem } from './bucket-problem.ts'
import { call, type Line, type TryOutcome, tryAgain } from './call.ts'
import { contentTypeOf } from './content-types.ts'
import { isWorthRetrying } from './error.ts'
import { explainBucketUnreachable, explainUnreachable, isLasting, wasSent } from './explain.ts'
import { measure, readBytes, type UploadSource } from './measure.ts'
import { readProblem } from './problem.ts'
import type { StreamAnswer } from './stream-transport.ts'

/** Bytes to the hub: measured and hashed first, then declared, then sent; sent again where a connection broke. */

export interface UploadOptions {
  /** By default guessed from the path's extension, else `application/octet-stream`. */
  readonly contentType?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** For runs: the task whose result this is to be part of. */
  readonly taskId?: string | undefined
}

export type { UploadSource }

export const idleMs = 120_000
const problemBytesMost = 65_536

export async function upload(line: Line, source: UploadSource, options: UploadOptions = {}): Promise<Payload> {
  const { signal, taskId } = options
  const contentType = options.contentType ?? (typeof source === 'string' ? contentTypeOf(basename(source)) : undefined)
  const declared: NewPayload = {
    ...(await measure(source, signal)),
    contentType: contentType ?? 'application/octet-stream',
    ...(taskId === undefined ? {} : { taskId }),
  }
  const answer = await call(line, { method: 'POST', path: '/v1/payloads', body: declared, signal })
  const { payload, upload: ticket } = answer as CreatedPayload
  await tryAgain(line, { signal }, () => sendOnce(line, { source, ticket, size: declared.size, signal }))
  return payload
}

interface Sending {
  readonly source: UploadSource
  readonly ticket: CreatedPayload['upload']
  readonly size: number
  readonly signal: AbortSignal | undefined
}

async function sendOnce(line: Line, { source, ticket, size, signal }: Sending): Promise<TryOutcome<undefined>> {
  const { endpoint } = line.connection
  // The hub's own address comes without its origin, which only we know; a bucket's comes whole.
  const url = ticket.url.startsWith('/')
    ? new URL(endpoint.pathname.replace(/\/$/, '') + ticket.url, endpoint)
    : new URL(ticket.url)
  const bytes =
    typeof source === 'string' ? createReadStream(source, { highWaterMark: readBytes }) : Readable.from([source])
  try {
    const body = { bytes, size }
    const answer = await line.streams({ method: ticket.method, url, headers: ticket.headers, body, idleMs, signal })
    if (answer.status >= 200 && answer.status < 300) {
      answer.body.resume()
      return { ok: true, value: undefined }
    }
    return await refusalOf(answer)
  } catch (cause) {
    return brokenOff(line, { url, cause, signal })
  } finally {
    bytes.destroy()
  }
}

/** What an answer that is no success says, as the outcome of a try. */
export async function refusalOf(answer: StreamAnswer): Promise<Failed> {
  const { status } = answer
  const text = await textOf(answer.body)
  const { code, detail, issues } = readBucketProblem(status, text) ?? readProblem(status, text)
  return { ok: false, again: isWorthRetrying(code), mayBeDone: false, parts: { code, status, detail, issues } }
}

type Failed = Extract<TryOutcome<never>, { ok: false }>

interface BrokenOff {
  readonly url: URL
  readonly cause: unknown
  readonly signal: AbortSignal | undefined
}

/** A connection that broke, or never was; or a file that cannot be read any more. */
export function brokenOff({ connection }: Line, { url, cause, signal }: BrokenOff): Failed {
  signal?.throwIfAborted()
  if (cause instanceof Error && 'path' in cause) {
    const parts = { code: 'bad-call', detail: `The file cannot be read: ${cause.message}`, cause } as const
    return { ok: false, again: false, mayBeDone: false, parts }
  }
  const at = new URL(url.origin)
  const isHub = at.origin === connection.endpoint.origin
  const detail = isHub ? explainUnreachable(at, cause) : explainBucketUnreachable(at, cause)
  return {
    ok: false,
    again: !isLasting(cause),
    mayBeDone: wasSent(cause),
    parts: { code: 'unreachable', detail, cause },
  }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes > problemBytesMost) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

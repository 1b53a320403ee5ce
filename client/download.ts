import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { limits } from '../core/contract/limits.ts'
import { type Line, type TryOutcome, tryAgain, urlOf } from './call.ts'
import { TaskuraiError } from './error.ts'
import { signRequest } from './sign.ts'
import type { StreamAnswer } from './stream-transport.ts'
import { segment } from './submit.ts'
import { brokenOff, idleMs, refusalOf } from './upload.ts'

/** Bytes from the hub, checked while they pass. */

export interface Download {
  /** Fails at its end where the bytes were not those of the checksum: what was read till then is to be thrown away. */
  readonly stream: Readable
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
  readonly contentType: string
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined
}

const redirectsMost = 3

export async function download(
  line: Line,
  taskId: string,
  name: string,
  { signal }: DownloadOptions = {},
): Promise<Download> {
  const path = `/v1/tasks/${segment(taskId)}/files/${segment(name)}`
  return tryAgain(line, { signal }, () => openOnce(line, path, signal))
}

/** Arguments or an output that lie apart. */
export async function downloadJson(
  line: Line,
  taskId: string,
  name: string,
  options?: DownloadOptions,
): Promise<unknown> {
  const { stream, size } = await download(line, taskId, name, options)
  if (size > limits.apartBytes) {
    stream.destroy()
    throw badAnswer(
      `${name} of task ${taskId} has ${size} bytes, more than the limit apartBytes of ${limits.apartBytes}`,
    )
  }
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

async function openOnce(line: Line, path: string, signal: AbortSignal | undefined): Promise<TryOutcome<Download>> {
  const { connection, system } = line
  let url = urlOf(connection.endpoint, { path })
  const { credentials, region } = connection
  let headers = await signRequest({ method: 'GET', url, headers: {} }, { credentials, region, now: system.now() })
  let etag: string | undefined
  try {
    for (let redirects = 0; ; redirects++) {
      const answer = await line.streams({ method: 'GET', url, headers, idleMs, signal })
      // The hub's word, whoever holds the bytes.
      etag ??= answer.header('etag')
      const location = answer.status >= 300 && answer.status < 400 ? answer.header('location') : undefined
      if (location === undefined) return await opened(answer, etag)
      answer.body.destroy()
      if (redirects === redirectsMost) throw badAnswer(`${path} was redirected more than ${redirectsMost} times`)
      // Where a bucket holds the bytes its own address is the permission; our signature would only be refused there.
      url = new URL(location, url)
      headers = {}
    }
  } catch (cause) {
    if (cause instanceof TaskuraiError) throw cause
    return brokenOff(url, cause, signal)
  }
}

async function opened(answer: StreamAnswer, etag: string | undefined): Promise<TryOutcome<Download>> {
  if (answer.status !== 200) return refusalOf(answer)
  const size = Number(answer.header('content-length'))
  const sha256 = /^"([0-9a-f]{64})"$/.exec(etag ?? '')?.[1]
  if (!Number.isSafeInteger(size) || sha256 === undefined) {
    answer.body.destroy()
    throw badAnswer('The answer tells no length or no checksum. Is it a hub?')
  }
  const contentType = answer.header('content-type') ?? 'application/octet-stream'
  const stream = Readable.from(checked(answer.body, size, sha256), { objectMode: false })
  return { ok: true, value: { stream, size, sha256, contentType } }
}

async function* checked(body: Readable, size: number, sha256: string): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    hash.update(chunk)
    yield chunk
  }
  if (bytes !== size) throw badAnswer(`the download broke off after ${bytes} of ${size} bytes`)
  if (hash.digest('hex') !== sha256)
    throw badAnswer('what was downloaded does not have the checksum it was stored with')
}

function badAnswer(detail: string): TaskuraiError {
  return new TaskuraiError({ code: 'bad-answer', detail })
}

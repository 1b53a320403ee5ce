import { Readable } from 'node:stream'
import { pauseBefore } from './backoff.ts'
import { type Line, type TryOutcome, tryAgain, urlOf } from './call.ts'
import { TaskuraiError } from './error.ts'
import { signRequest } from './sign.ts'
import type { StreamAnswer } from './stream-transport.ts'
import { segment } from './submit.ts'
import { brokenOff, idleMs, refusalOf } from './upload.ts'
import { badAnswer, jsonOf, verified } from './verified.ts'

/** Bytes from the hub, or from where it says that they are, checked while they pass. */

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

/** A connection that breaks in the middle is made anew, and goes on with the byte that is next. */
export async function download(
  line: Line,
  taskId: string,
  name: string,
  { signal }: DownloadOptions = {},
): Promise<Download> {
  const path = `/v1/tasks/${segment(taskId)}/files/${segment(name)}`
  const open = (from: number) => tryAgain(line, { signal }, () => openOnce(line, { path, from, signal }))
  const { body, size, sha256, contentType } = await open(0)

  const again = async (from: number, breaks: number): Promise<Readable | undefined> => {
    const { patience, system } = line
    const pauseMs = pauseBefore(patience, { tried: breaks, elapsedMs: 0, chance: system.chance })
    if (pauseMs === undefined || signal?.aborted === true) return undefined
    await system.pause(pauseMs, signal)
    const next = await open(from)
    if (next.from === from && next.size === size && next.sha256 === sha256) return next.body
    next.body.destroy()
    return undefined
  }

  const stream = Readable.from(verified({ size, sha256, first: body, again }), { objectMode: false })
  // One that nobody began to read would keep its connection.
  stream.once('close', () => body.destroy())
  return { stream, size, sha256, contentType }
}

/** Arguments or an output that lie apart. */
export async function downloadJson(
  line: Line,
  taskId: string,
  name: string,
  options?: DownloadOptions,
): Promise<unknown> {
  return jsonOf(await download(line, taskId, name, options), `${name} of task ${taskId}`)
}

interface Asked {
  readonly path: string
  readonly from: number
  readonly signal: AbortSignal | undefined
}

interface Opened extends Omit<Download, 'stream'> {
  readonly body: Readable
  /** The first byte that comes: 0 from whoever knows no ranges. */
  readonly from: number
}

async function openOnce(line: Line, { path, from, signal }: Asked): Promise<TryOutcome<Opened>> {
  const { connection, system } = line
  let url = urlOf(connection.endpoint, { path })
  const { credentials, region } = connection
  const range: Readonly<Record<string, string>> = from === 0 ? {} : { range: `bytes=${from}-` }
  let headers = await signRequest({ method: 'GET', url, headers: range }, { credentials, region, now: system.now() })
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
      headers = range
    }
  } catch (cause) {
    if (cause instanceof TaskuraiError) throw cause
    return brokenOff(line, { url, cause, signal })
  }
}

async function opened(answer: StreamAnswer, etag: string | undefined): Promise<TryOutcome<Opened>> {
  const { status, body, header } = answer
  if (status !== 200 && status !== 206) return refusalOf(answer)
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(header('content-range') ?? '') ?? []
  const size = Number(status === 200 ? header('content-length') : total)
  const sha256 = /^"([0-9a-f]{64})"$/.exec(etag ?? '')?.[1]
  if (!Number.isSafeInteger(size) || sha256 === undefined) {
    body.destroy()
    throw badAnswer('The answer tells no length or no checksum. Is it a hub?')
  }
  const contentType = header('content-type') ?? 'application/octet-stream'
  return { ok: true, value: { body, from: status === 200 ? 0 : Number(first), size, sha256, contentType } }
}

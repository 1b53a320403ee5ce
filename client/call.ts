import type { SocketClass } from '../browser/types.ts'
import { type Patience, pauseBefore, readRetryAfter } from './backoff.ts'
import type { Connection } from './credentials.ts'
import { type ErrorParts, isWorthRetrying, TaskuraiError } from './error.ts'
import { explainForbidden, explainTimeout, explainUnreachable, isLasting, wasSent } from './explain.ts'
import { readProblem } from './problem.ts'
import { signRequest } from './sign.ts'
import type { StreamTransport } from './stream-transport.ts'
import type { System } from './system.ts'
import type { Transport, WireAnswer } from './transport.ts'

/** One call of the API: signed anew for each try, tried again where that can help, bounded in tries and time. */

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /** A list stands for a parameter that is given several times. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: unknown
  /** A body that is JSON text already. */
  readonly json?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Long polls: how long the hub may take on top of the usual. */
  readonly heldSeconds?: number
  readonly patience?: Patience | undefined
  /** For the one path that is open to everybody. */
  readonly isUnsigned?: boolean
}

export interface Line {
  readonly connection: Connection
  readonly transport: Transport
  /** For files, whose bytes are not held in memory. */
  readonly streams: StreamTransport
  /** For watching, where there are WebSockets. */
  readonly socketClass?: SocketClass | undefined
  readonly system: System
  readonly patience: Patience
  readonly tryTimeoutSeconds: number
}

/** The answer's JSON. */
export async function call(line: Line, request: Call): Promise<unknown> {
  const body = request.json ?? (request.body === undefined ? undefined : JSON.stringify(request.body))
  return tryAgain(line, request, () => tryOnce(line, request, body))
}

/** Tries until it goes well, or trying again cannot help, or patience ends. */
export async function tryAgain<Value>(
  line: Line,
  { signal, patience = line.patience }: Pick<Call, 'signal' | 'patience'>,
  attempt: () => Promise<TryOutcome<Value>>,
): Promise<Value> {
  const { system } = line
  const startedAt = system.now()
  let mayBeDone = false
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted()
    const outcome = await attempt()
    if (outcome.ok) return outcome.value
    const { parts } = outcome
    const elapsedMs = Math.max(0, system.now() - startedAt)
    const { retryAfterSeconds } = parts
    const pauseMs = outcome.again
      ? pauseBefore(patience, { tried, elapsedMs, retryAfterSeconds, chance: system.chance })
      : undefined
    if (pauseMs === undefined) throw new TaskuraiError({ ...parts, mayBeDone })
    mayBeDone ||= outcome.mayBeDone
    await system.pause(pauseMs, signal)
  }
}

export type TryOutcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly again: boolean; readonly mayBeDone: boolean; readonly parts: ErrorParts }

async function tryOnce(line: Line, request: Call, body: string | undefined): Promise<TryOutcome<unknown>> {
  const { connection, system, transport } = line
  const url = urlOf(connection.endpoint, request)
  const now = system.now()
  const given = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...request.headers }
  const { credentials, region } = connection
  const toSign = { method: request.method, url, headers: given, ...(body === undefined ? {} : { body }) }
  const headers = request.isUnsigned === true ? given : await signRequest(toSign, { credentials, region, now })
  const timeoutSeconds = line.tryTimeoutSeconds + (request.heldSeconds ?? 0)
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new Error('timed out')), timeoutSeconds * 1_000)
  const signal = request.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, request.signal])
  try {
    const answer = await transport({
      method: request.method,
      url,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    })
    return readAnswer(line, request, answer)
  } catch (cause) {
    request.signal?.throwIfAborted()
    const [code, detail] = limit.signal.aborted
      ? (['timed-out', explainTimeout(url, timeoutSeconds)] as const)
      : (['unreachable', explainUnreachable(url, cause)] as const)
    return { ok: false, again: !isLasting(cause), mayBeDone: wasSent(cause), parts: { code, detail, cause } }
  } finally {
    clearTimeout(timer)
  }
}

function readAnswer({ connection, system }: Line, { method, path }: Call, answer: WireAnswer): TryOutcome<unknown> {
  const { status, text } = answer
  if (status >= 200 && status < 300) {
    if (text === '') return { ok: true, value: undefined }
    try {
      return { ok: true, value: JSON.parse(text) }
    } catch (cause) {
      const detail = `${connection.endpoint.origin} answered ${method} ${path} with something that is not JSON. Is it a hub?`
      return { ok: false, again: true, mayBeDone: true, parts: { code: 'bad-answer', status, detail, cause } }
    }
  }
  const { code, detail: said, issues } = readProblem(status, text)
  const date = answer.header('date')
  const detail =
    code === 'forbidden' ? explainForbidden(connection, { detail: said, method, path, date, now: system.now() }) : said
  const retryAfterSeconds = readRetryAfter(answer.header('retry-after'), system.now())
  const parts = { code, status, detail, issues, retryAfterSeconds }
  return { ok: false, again: isWorthRetrying(code), mayBeDone: status >= 500, parts }
}

export function urlOf(endpoint: URL, { path, query = {} }: Pick<Call, 'path' | 'query'>): URL {
  // An endpoint may have a path of its own (a stage of API Gateway).
  const url = new URL(endpoint.pathname.replace(/\/$/, '') + path, endpoint)
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'string') url.searchParams.set(name, value)
    else for (const each of value ?? []) url.searchParams.append(name, each)
  }
  return url
}

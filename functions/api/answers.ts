import { ApiError, errorTable } from '#core/contract/errors'

/** How answers look on the wire. Nothing of this API may be kept by a cache: tasks move. */

export const retryAfterSeconds = '1'

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}

export function noContent(headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store', ...headers } })
}

export function problem(error: ApiError, headers: Readonly<Record<string, string>> = {}): Response {
  const { status, retry } = errorTable[error.code]
  return json(status, error.toProblem(), {
    'content-type': 'application/problem+json',
    ...(retry ? { 'retry-after': retryAfterSeconds } : {}),
    ...headers,
  })
}

export function methodNotAllowed(methods: readonly string[]): Response {
  const allow = allowHeader(methods)
  return problem(new ApiError('method-not-allowed', `this path takes ${allow}`), { allow })
}

export function allowHeader(methods: readonly string[]): string {
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

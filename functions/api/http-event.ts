import { ApiError } from '#core/contract/errors'
import { problem } from './answers.ts'
import type { Api } from './app.ts'
import { principalOf } from './principal.ts'

/** Between an HTTP API of API Gateway (payload format 2.0) and the Web's requests and responses. */

/** What is read of its event. */
export interface HttpEvent {
  /** Percent-decoded by API Gateway, and cut off at a `?` that was encoded in it. */
  readonly rawPath: string
  /** As it was sent. */
  readonly rawQueryString: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body?: string | undefined
  readonly isBase64Encoded: boolean
  readonly requestContext: {
    readonly http: { readonly method: string }
    readonly stage: string
    /** By whom IAM found it signed; absent on the path that is open to everybody. */
    readonly authorizer?: { readonly iam?: { readonly userArn?: string | null } | null }
  }
}

export interface HttpResult {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly isBase64Encoded?: boolean
}

/** What a function may answer, with some room for the headers beside a body. */
const resultBytesMost = 6 * 1_024 * 1_024 - 16_384
const escapedMost = 6

/** IAM has judged method and path by then, so whoever comes here with a name may do what is asked. */
export async function answerEvent(api: Api, event: HttpEvent): Promise<HttpResult> {
  try {
    const { request, rawUrl } = requestOf(event)
    const principal = principalOf(event.requestContext.authorizer?.iam?.userArn)
    const authorized =
      principal === undefined
        ? ({
            ok: false,
            detail: 'it does not say by whom it was signed: its route has to have IAM for its authorizer',
          } as const)
        : ({ ok: true, principal, allows: () => true } as const)
    return await resultOf(await api.fetch(request, { rawUrl, authorized }))
  } catch (error) {
    if (error instanceof ApiError) return resultOf(problem(error))
    throw error
  }
}

/** The request, and its target as the hub takes it to have been sent. */
function requestOf(event: HttpEvent): { readonly request: Request; readonly rawUrl: string } {
  const { method } = event.requestContext.http
  try {
    const rawUrl = pathOf(event) + (event.rawQueryString === '' ? '' : `?${event.rawQueryString}`)
    const headers = new Headers()
    for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.set(name, value)
    const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(event)
    const request = new Request(`https://hub${rawUrl}`, { method, headers, ...(body === undefined ? {} : { body }) })
    return { request, rawUrl }
  } catch (cause) {
    throw new ApiError('bad-request', 'the path or a header has characters that cannot stand there', { cause })
  }
}

/** Encoded again as clients encode: segment by segment, so that a `%` or `#` in a file's name stays one. */
function pathOf({ rawPath, requestContext: { stage } }: HttpEvent): string {
  const prefix = `/${stage}/`
  const path = stage !== '$default' && rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath
  return path.split('/').map(encodeURIComponent).join('/')
}

function bodyOf({ body, isBase64Encoded }: HttpEvent): Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || body === '') return undefined
  return new Uint8Array(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'))
}

async function resultOf(response: Response): Promise<HttpResult> {
  const { status: statusCode } = response
  const headers = Object.fromEntries(response.headers)
  const bytes = Buffer.from(await response.arrayBuffer())
  if (bytes.byteLength === 0) return { statusCode, headers }
  if (isText(headers['content-type'])) {
    const body = bytes.toString('utf8')
    if (fits(body)) return { statusCode, headers, body, isBase64Encoded: false }
  }
  const body = bytes.toString('base64')
  if (body.length <= resultBytesMost) return { statusCode, headers, body, isBase64Encoded: true }
  return resultOf(problem(tooLong(bytes.byteLength)))
}

function isText(type = ''): boolean {
  return /^(?:text\/|application\/(?:[a-z0-9.-]+\+)?json)/.test(type)
}

/** A body is a text within JSON there, where quotes take two bytes and control characters six. */
function fits(body: string): boolean {
  if (body.length * escapedMost <= resultBytesMost) return true
  return Buffer.byteLength(JSON.stringify(body)) <= resultBytesMost
}

function tooLong(bytes: number): ApiError {
  const how = 'ask for less: a smaller page, fewer tasks at once, or Prefer: return=minimal'
  return new ApiError('too-large', `it was done, but its answer has ${bytes} bytes, more than can be sent; ${how}`)
}

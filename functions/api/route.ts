import { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import { refuseTooMany } from './counts.ts'
import { parseWith } from './field-issues.ts'
import { parseJson } from './parse-json.ts'

/**
 * One row of the API's table. What answers a request, what checks it and what documents it in openapi.json are the same
 * schemas.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `{name}` for what varies: `/v1/tasks/{id}`. */
  readonly path: string
  /** Its operationId in openapi.json. */
  readonly name: string
  readonly summary: string
  /** Method and path as a key's allow or an IAM statement spells them: `GET /v1/tasks/*`. */
  readonly permission: string
  readonly query: z.ZodObject
  readonly body?: z.ZodType | undefined
  readonly isBodyOptional: boolean
  /** Where bytes stand instead of JSON. A request of bytes is not signed and is read by its handler, chunk by chunk. */
  readonly bytes?: 'request' | 'answer' | undefined
  /** Header parameters beside those of every request. */
  readonly headers: readonly string[]
  readonly answer: { readonly status: number; readonly schema?: z.ZodType | undefined }
  readonly handle: (received: Received) => Promise<Response>
}

/** A request that has been authorized, not yet looked into. */
export interface Received {
  readonly principal: string
  readonly request: Request
  readonly search: URLSearchParams
  readonly params: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What a handler gets: query and body as their schemas read them. */
export interface Call<Query, Body> {
  readonly principal: string
  readonly request: Request
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  /** The body before the schema filled in defaults. */
  readonly raw: unknown
}

const NoQuery = z.strictObject({})

interface RouteSpec<Query extends z.ZodObject, Body extends z.ZodType> {
  readonly method: Route['method']
  readonly path: string
  readonly name: string
  readonly summary: string
  readonly query?: Query
  readonly body?: Body
  /** Says of bodies that the schema would take as they are: they need not be copied by it. */
  readonly isTakenAsIs?: (raw: unknown) => boolean
  readonly isBodyOptional?: boolean
  readonly bytes?: Route['bytes']
  readonly headers?: readonly string[]
  readonly answer: Route['answer']
  readonly handle: (call: Call<z.infer<Query>, z.infer<Body>>) => Promise<Response>
}

export function defineRoute<Query extends z.ZodObject = typeof NoQuery, Body extends z.ZodType = z.ZodType<undefined>>(
  spec: RouteSpec<Query, Body>,
): Route {
  const isBodyOptional = spec.isBodyOptional === true
  const several = severalOf(spec.query)
  return {
    ...spec,
    permission: `${spec.method} ${spec.path.replaceAll(/\{[^}]+\}/g, '*')}`,
    query: spec.query ?? NoQuery,
    isBodyOptional,
    headers: spec.headers ?? [],
    handle: ({ principal, request, params, search, body }) => {
      const query = parseWith(spec.query ?? NoQuery, queryOf(search, several), 'bad-request') as z.infer<Query>
      const raw = spec.body === undefined ? undefined : rawBody(request, body, isBodyOptional)
      const isTaken = spec.body === undefined || spec.isTakenAsIs?.(raw) === true
      const parsed = isTaken ? raw : parseWith(spec.body, raw, 'invalid')
      return spec.handle({ principal, request, params, query, body: parsed as z.infer<Body>, raw })
    },
  }
}

/** The parameters that may be given several times: those that the schema has as a list. */
function severalOf(query: z.ZodObject = NoQuery): ReadonlySet<string> {
  const lists = Object.entries(query.shape).filter(
    ([, field]) => field instanceof z.ZodOptional && field.unwrap() instanceof z.ZodArray,
  )
  return new Set(lists.map(([name]) => name))
}

type Query = Readonly<Record<string, string | readonly string[]>>

function queryOf(search: URLSearchParams, several: ReadonlySet<string>): Query {
  const query = Object.create(null) as Record<string, string | readonly string[]>
  for (const [name, value] of search) {
    if (several.has(name)) {
      query[name] = [...(query[name] ?? []), value]
      continue
    }
    if (name in query) throw new ApiError('bad-request', `the query parameter ${name} is given twice`)
    query[name] = value
  }
  return { ...query }
}

function rawBody(request: Request, body: Uint8Array, isOptional: boolean): unknown {
  if (body.byteLength === 0 && isOptional) return {}
  refuseOtherContent(request.headers)
  if (body.byteLength === 0) throw new ApiError('bad-json', 'the body is empty; this path takes a JSON object')
  const value = parseJson(body)
  refuseTooMany(value)
  return value
}

function refuseOtherContent(headers: Headers): void {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new ApiError('bad-request', `content-encoding ${encoding} is not taken; send the body as it is`)
  }
  const type = headers.get('content-type')
  if (type === null || /^application\/(?:[a-z0-9.-]+\+)?json *(?:; *charset="?utf-?8"? *)?$/i.test(type)) return
  throw new ApiError('bad-request', `content-type ${type} is not taken; send application/json (curl: --json)`)
}

import { z } from 'zod'
import { errorTable } from '#core/contract/errors'
import { Task } from '#core/contract/task'
import { WorkerView } from '#core/contract/workers'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document, made from the very schemas that check requests. */

const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(errorTable) as [string, ...string[]]),
  detail: z.string().optional(),
  issues: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})
const Health = z.object({ ok: z.literal(true) })

type Names = ReadonlyMap<z.ZodType, string>

export function openapiOf(routes: readonly Route[], version: string): unknown {
  const requests = namesOfRequests(routes)
  const answers = namesOfAnswers(routes)
  const paths: Record<string, Record<string, unknown>> = { '/healthz': { get: healthOperation(answers) } }
  for (const route of routes) {
    const path = paths[route.path] ?? {}
    path[route.method.toLowerCase()] = operationOf(route, requests, answers)
    paths[route.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Taskurai hub',
      version,
      description:
        'Every request is signed with AWS Signature Version 4, service execute-api, but for GET /healthz and the upload ' +
        'of bytes to an address that the hub gave.',
    },
    security: [{ sigv4: [] }],
    paths,
    components: {
      securitySchemes: {
        sigv4: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'AWS4-HMAC-SHA256' },
      },
      schemas: { ...componentsOf(requests, 'input'), ...componentsOf(answers, 'output') },
    },
  }
}

function namesOfRequests(routes: readonly Route[]): Names {
  const names = new Map<z.ZodType, string>()
  for (const { name, body } of routes) if (body !== undefined) names.set(body, `${capitalized(name)}Request`)
  return names
}

/** What several routes answer has a name of its own. */
function namesOfAnswers(routes: readonly Route[]): Names {
  const names = new Map<z.ZodType, string>([
    [Problem, 'Problem'],
    [Health, 'Health'],
    [Task, 'Task'],
    [WorkerView, 'Worker'],
  ])
  for (const { name, answer } of routes) {
    if (answer.schema !== undefined && !names.has(answer.schema)) names.set(answer.schema, `${capitalized(name)}Answer`)
  }
  return names
}

function capitalized(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

const schemasAt = '#/components/schemas/'

/** All named schemas of one direction: what a caller may leave out differs from what an answer always has. */
function componentsOf(names: Names, io: 'input' | 'output'): Readonly<Record<string, unknown>> {
  const registry = z.registry<{ id: string }>()
  for (const [schema, id] of names) registry.add(schema, { id })
  const options = { io, uri: (id: string) => schemasAt + id, unrepresentable: 'any' } as const
  const { schemas } = z.toJSONSchema(registry, options)
  // What refers to itself (any JSON value) comes under a path that OpenAPI has no place for.
  const sharedAt = io === 'input' ? 'Request_' : 'Answer_'
  const text = JSON.stringify(schemas).replaceAll(`${schemasAt}__shared#/$defs/`, schemasAt + sharedAt)
  const { __shared: shared, ...own } = JSON.parse(text) as Record<string, JsonObject>
  const components: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries((shared?.$defs ?? {}) as JsonObject)) components[sharedAt + name] = schema
  for (const [name, { $schema, $id, ...schema }] of Object.entries(own)) components[name] = schema
  return components
}

type JsonObject = Readonly<Record<string, unknown>>

function operationOf(route: Route, requests: Names, answers: Names): unknown {
  const { body, answer, isBodyOptional, bytes } = route
  return {
    operationId: route.name,
    summary: route.summary,
    'x-permission': route.permission,
    parameters: parametersOf(route),
    ...(body === undefined ? {} : { requestBody: { required: !isBodyOptional, ...contentOf(body, requests) } }),
    ...(bytes === 'request' ? { requestBody: { required: true, ...anyBytes }, security: [] } : {}),
    responses: {
      [answer.status]: {
        description: 'done',
        ...(answer.schema === undefined ? {} : contentOf(answer.schema, answers)),
        ...(bytes === 'answer' ? anyBytes : {}),
      },
      default: {
        description: 'what went wrong, as RFC 9457 problem details',
        content: { 'application/problem+json': { schema: { $ref: `${schemasAt}Problem` } } },
      },
    },
  }
}

/** In OpenAPI 3.1 bytes have no schema: their type says all there is to say. */
const anyBytes = { content: { 'application/octet-stream': {} } } as const

function healthOperation(answers: Names): unknown {
  return {
    operationId: 'getHealth',
    summary: 'Whether the hub answers; not signed',
    security: [],
    responses: { 200: { description: 'it does', ...contentOf(Health, answers) } },
  }
}

function contentOf(schema: z.ZodType, names: Names): JsonObject {
  return { content: { 'application/json': { schema: { $ref: schemasAt + names.get(schema) } } } }
}

function parametersOf(route: Route): readonly unknown[] {
  const inPath = [...route.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inHeader = route.headers.map((name) => ({ name, in: 'header', required: false, schema: { type: 'string' } }))
  const query = z.toJSONSchema(route.query, { io: 'input' })
  const required = new Set(query.required)
  const inQuery = Object.entries(query.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema,
  }))
  return [...inPath, ...inQuery, ...inHeader]
}

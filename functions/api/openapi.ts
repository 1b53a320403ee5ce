import { z } from 'zod'
import { errorTable } from '#core/contract/errors'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document, made from the very schemas that check requests. */

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(errorTable) as [string, ...string[]]),
  detail: z.string().optional(),
  issues: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

export function openapiOf(routes: readonly Route[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = paths[route.path] ?? {}
    path[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Taskurai hub',
      version,
      description: 'Every request but GET /healthz is signed with AWS Signature Version 4, service execute-api.',
    },
    security: [{ sigv4: [] }],
    paths,
    components: {
      securitySchemes: {
        sigv4: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'AWS4-HMAC-SHA256' },
      },
      schemas: { Problem: schemaOf(problemSchema, 'output') },
    },
  }
}

function operationOf(route: Route): unknown {
  const { status, schema } = route.answer
  const content =
    schema === undefined ? {} : { content: { 'application/json': { schema: schemaOf(schema, 'output') } } }
  const body =
    route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !route.isBodyOptional,
            content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
          },
        }
  return {
    operationId: route.name,
    summary: route.summary,
    ...(route.path === '/healthz' ? { security: [] } : {}),
    parameters: parametersOf(route),
    ...body,
    responses: {
      [status]: { description: 'done', ...content },
      default: {
        description: 'what went wrong, as RFC 9457 problem details',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
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

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline', cycles: 'throw' })
  return json
}

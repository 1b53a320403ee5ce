import { expect, it } from 'vitest'
import { createOrdersWorld } from './api-world.ts'

type Node = Readonly<Record<string, unknown>>

function refsIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(refsIn)
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : refsIn(value),
  )
}

function found(document: Node, ref: string): unknown {
  expect(ref).toMatch(/^#\//)
  const parts = ref.slice(2).split('/')
  return parts.reduce<unknown>((node, part) => (node as Node | undefined)?.[decodeURIComponent(part)], document)
}

const read = async () => {
  const { call, api } = await createOrdersWorld()
  const answer = await call('GET', '/v1/openapi.json')
  expect(answer.status).toBe(200)
  return { document: answer.json, api }
}

it('describes every route, and nothing else', async () => {
  const { document, api } = await read()
  const told = Object.entries(document.paths as Record<string, Node>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(told.sort()).toEqual([...api.routes.map(({ method, path }) => `${method} ${path}`), 'GET /healthz'].sort())
  const ids = JSON.stringify(document).match(/"operationId":"[^"]+"/g) ?? []
  expect(new Set(ids).size).toBe(told.length)
})

it('has every schema that it refers to, under names that OpenAPI takes', async () => {
  const { document } = await read()
  const refs = refsIn(document)
  expect(refs.length).toBeGreaterThan(20)
  for (const ref of new Set(refs)) expect(found(document, ref), ref).toBeTypeOf('object')
  for (const name of Object.keys(document.components.schemas)) expect(name).toMatch(/^[A-Za-z0-9._-]+$/)
  expect(JSON.stringify(document)).not.toContain('$defs')
})

it('tells path parameters, queries, headers and bodies', async () => {
  const { document } = await read()
  const names = (path: string, method: string) =>
    document.paths[path][method].parameters.map((one: Node) => `${one.in} ${one.name}`)
  expect(names('/v1/tasks/{id}', 'get')).toEqual(['path id', 'query wait'])
  expect(names('/v1/tasks', 'post')).toEqual(['header idempotency-key', 'header prefer', 'header traceparent'])
  expect(names('/v1/tasks', 'get')).toContain('query cursor')
  expect(document.paths['/v1/tasks'].post.requestBody.required).toBe(true)
  expect(document.paths['/v1/tasks/{id}/cancel'].post.requestBody.required).toBe(false)
  expect(document.paths['/healthz'].get.security).toEqual([])
  const NewTask = found(document, document.paths['/v1/tasks'].post.requestBody.content['application/json'].schema.$ref)
  expect(NewTask).toMatchObject({ type: 'object', required: ['command'], additionalProperties: false })
})

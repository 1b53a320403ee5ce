import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isErrorCode } from '#core/contract/errors'
import { workerProtocol } from '#core/contract/worker-protocol'
import { repository } from '../support/repository.ts'

const page = await readFile(join(repository, 'docs/worker-protocol.md'), 'utf8')
/** All words that stand as code: `{ name, payload }` names two. */
const coded = new Set([...page.matchAll(/`([^`\n]+)`/g)].flatMap((match) => match[1]?.match(/[A-Za-z0-9-]+/g) ?? []))

/** Every name of a field, and every word of an enumeration, that the schema has anywhere. */
function wordsOf(schema: z.ZodType, io: 'input' | 'output'): ReadonlySet<string> {
  const words = new Set<string>()
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    if ('properties' in node) for (const name of Object.keys(Object(node.properties))) words.add(name)
    if ('enum' in node && Array.isArray(node.enum)) for (const each of node.enum) words.add(String(each))
    if ('const' in node && typeof node.const === 'string') words.add(node.const)
    for (const held of Object.values(node)) walk(held)
  }
  walk(z.toJSONSchema(schema, { io, unrepresentable: 'any' }))
  return words
}

/** Words of the task's own life, which the README tells. */
const elsewhere = new Set(['waiting', 'queued', 'running', 'suspended', 'succeeded', 'failed', 'canceled', 'expired'])
const jitters = new Set(['full', 'none'])

describe.each(Object.entries(workerProtocol))('the page of the worker protocol, %s', (op, { request, answer }) => {
  it('has a chapter', () => {
    expect(page).toContain(`\n## ${op}\n`)
  })

  it.each([
    ['request', request, 'input'],
    ['answer', answer, 'output'],
  ] as const)('names every field of its %s', (_which, schema, io) => {
    const missing = [...wordsOf(schema, io)].filter((word) => ![coded, elsewhere, jitters].some((set) => set.has(word)))
    expect(missing).toEqual([])
  })
})

describe('the page of the worker protocol', () => {
  it('tells codes that the hub has, with their status', () => {
    const rows = [...page.matchAll(/^\| (?<status>[\d, ]+) \| (?<codes>`[^|]+) \|/gm)]
    const codes = rows.flatMap(({ groups }) => groups?.codes?.match(/[a-z-]+/g) ?? [])
    expect(codes.length).toBeGreaterThan(8)
    expect(codes.filter((code) => !isErrorCode(code))).toEqual([])
  })

  it('notices a field that it does not name', () => {
    const planted = z.strictObject({ ...workerProtocol.leave.request.shape, sudden: z.string() })
    expect([...wordsOf(planted, 'input')].filter((word) => !coded.has(word))).toEqual(['sudden'])
  })
})

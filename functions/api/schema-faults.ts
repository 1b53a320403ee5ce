import type { FieldIssue } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { JsonSchema } from '#core/contract/manifest'
import { pointerPart } from './field-issues.ts'
import { jsonFault } from './parse-json.ts'
import { compilePattern } from './patterns.ts'

/** What the door cannot bound in a command's schema, so that it is refused when the worker is registered. */

/** Their values are data, whatever the keys in it are called. */
const dataKeywords = new Set(['const', 'enum', 'default', 'examples'])
/** Their keys are names, not keywords. */
const mapKeywords = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])
const refKeywords = new Set(['$ref', '$dynamicRef', '$recursiveRef'])

export function schemaFaults(schema: JsonSchema): readonly FieldIssue[] {
  const deep = jsonFault(schema)
  if (deep !== undefined) return [{ field: deep.field, message: deep.message }]
  if (Buffer.byteLength(JSON.stringify(schema)) > limits.schemaBytes) {
    return [{ field: '', message: `has more than ${limits.schemaBytes} bytes (limit schemaBytes)` }]
  }
  return inSchema(schema, '')
}

function inSchema(node: unknown, at: string): readonly FieldIssue[] {
  if (Array.isArray(node)) return node.flatMap((entry, index) => inSchema(entry, `${at}/${index}`))
  if (!isObject(node)) return []
  return Object.entries(node).flatMap(([key, value]) => {
    const field = at + pointerPart(key)
    if (dataKeywords.has(key)) return []
    if (mapKeywords.has(key)) return inMap(key, value, field)
    return [...ofKeyword(key, value, field), ...inSchema(value, field)]
  })
}

function inMap(key: string, map: unknown, at: string): readonly FieldIssue[] {
  if (!isObject(map)) return []
  return Object.entries(map).flatMap(([name, value]) => {
    const field = at + pointerPart(name)
    return [...(key === 'patternProperties' ? ofPattern(name, field) : []), ...inSchema(value, field)]
  })
}

function ofKeyword(key: string, value: unknown, field: string): readonly FieldIssue[] {
  if (key === 'pattern' && typeof value === 'string') return ofPattern(value, field)
  if (refKeywords.has(key) && typeof value === 'string' && !value.startsWith('#')) {
    return [{ field, message: `refers to ${value}; a schema may only refer into itself (#/…)` }]
  }
  // An asynchronous schema answers with a promise, which would pass for a yes.
  return key === '$async' ? [{ field, message: 'is not taken' }] : []
}

function ofPattern(source: string, field: string): readonly FieldIssue[] {
  const outcome = compilePattern(source)
  return outcome.ok ? [] : [{ field, message: outcome.message }]
}

function isObject(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === 'object' && node !== null && !Array.isArray(node)
}

import { isUtf8 } from 'node:buffer'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { pointerPart } from './field-issues.ts'

/** Bytes of a stranger to JSON that the rest may walk without fear: valid UTF-8, bounded in depth, numbers finite. */
export function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new ApiError('bad-json', 'the body is not valid UTF-8')
  if (body.byteLength > scanBytes && depthOf(body) > limits.jsonDepth) {
    throw new ApiError('too-large', `the body is deeper than ${limits.jsonDepth} levels (limit jsonDepth)`)
  }
  const value = parseText(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  const fault = jsonFault(value)
  if (fault !== undefined) {
    throw new ApiError(fault.code, `${fault.field === '' ? 'the body' : fault.field} ${fault.message}`, {
      issues: [{ field: fault.field, message: fault.message }],
    })
  }
  return value
}

/** Above this, nesting is counted before anything is parsed: a body of brackets alone would take seconds. */
const scanBytes = 131_072
const quote = 0x22
const backslash = 0x5c
/** `{` and `[` differ in this bit alone, and so do `}` and `]`. */
const curly = 0x20
const open = 0x7b
const close = 0x7d

/** How deep the brackets outside strings go. Bytes of longer UTF-8 characters never look like ASCII. */
function depthOf(body: Uint8Array): number {
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let index = 0; index < body.byteLength; index++) {
    const byte = body[index] ?? 0
    if (isInString) {
      if (byte === backslash) index++
      else if (byte === quote) isInString = false
    } else if (byte === quote) isInString = true
    else if ((byte | curly) === open) {
      if (++depth > deepest) deepest = depth
    } else if ((byte | curly) === close) depth--
  }
  return deepest
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ApiError('bad-json', error instanceof Error ? error.message : 'it cannot be parsed', { cause: error })
  }
}

export interface JsonFault {
  readonly code: 'invalid' | 'too-large'
  readonly field: string
  readonly message: string
}

/** The first thing in parsed JSON that no part of the hub takes; undefined when there is none. */
export function jsonFault(value: unknown, depth = 0): JsonFault | undefined {
  if (typeof value === 'number') {
    // JSON.parse reads 1e999 as Infinity, which no store could give back.
    return Number.isFinite(value) ? undefined : { code: 'invalid', field: '', message: 'is a number out of range' }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === limits.jsonDepth) {
    return { code: 'too-large', field: '', message: `lies deeper than ${limits.jsonDepth} levels (limit jsonDepth)` }
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const fault = jsonFault(value[index], depth + 1)
      if (fault !== undefined) return { ...fault, field: `/${index}${fault.field}` }
    }
    return undefined
  }
  return faultInObject(value as Readonly<Record<string, unknown>>, depth)
}

function faultInObject(value: Readonly<Record<string, unknown>>, depth: number): JsonFault | undefined {
  for (const key in value) {
    // Copying such a key could replace a prototype, and leaving it out would lose it in silence.
    if (key === '__proto__') return { code: 'invalid', field: '/__proto__', message: 'is a key that is not taken' }
    const fault = jsonFault(value[key], depth + 1)
    if (fault !== undefined) return { ...fault, field: `${pointerPart(key)}${fault.field}` }
  }
  return undefined
}

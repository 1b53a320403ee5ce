import { isUtf8 } from 'node:buffer'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { pointerPart } from './field-issues.ts'

/** Bytes of a stranger to JSON that the rest may walk without fear: valid UTF-8, bounded in depth, numbers finite. */
export function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new ApiError('bad-json', 'the body is not valid UTF-8')
  const value = parseText(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  const fault = jsonFault(value)
  if (fault !== undefined) {
    throw new ApiError(fault.code, `${fault.field === '' ? 'the body' : fault.field} ${fault.message}`, {
      issues: [{ field: fault.field, message: fault.message }],
    })
  }
  return value
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

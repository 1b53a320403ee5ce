import { z } from 'zod'
import { limits } from './limits.ts'

/** The `traceparent` of W3C Trace Context: which trace a task belongs to, and which span of it asked for the task. */

export const TraceParent = z
  .string()
  .max(limits.referenceChars)
  .refine((text) => readTraceParent(text) !== undefined, {
    error: 'is no traceparent of W3C Trace Context: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>',
  })

/** As the API of OpenTelemetry has it, so that the one may stand for the other. */
export interface SpanPlace {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const nothing = /^0+$/

/** Undefined for what is none: of somebody else's broken header a trace begins anew, and nothing fails. */
export function readTraceParent(text: string | null | undefined): SpanPlace | undefined {
  if (text === null || text === undefined || text.length > limits.referenceChars) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', more] = shape.exec(text) ?? []
  // Version 00 has nothing behind its flags; a later one may have, and is read as far as it is known.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (traceId === '' || nothing.test(traceId) || nothing.test(spanId)) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) }
}

/** Undefined where there is no span: nobody traces. */
export function traceParentOf({ traceId, spanId, traceFlags }: SpanPlace): string | undefined {
  const text = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  return readTraceParent(text) === undefined ? undefined : text
}

/** Where the API of OpenTelemetry, of whichever copy, keeps what a program has registered: of its major version 1. */
const registry = Symbol.for('opentelemetry.js.api.1')

/** Whether anybody in this process traces. Whoever does not pays nothing, not even for loading the API. */
export function isTracing(): boolean {
  return registry in globalThis
}

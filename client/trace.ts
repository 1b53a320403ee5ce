import type { Attributes, Span } from '@opentelemetry/api'
import { isTracing, traceParentOf } from '../core/contract/trace-parent.ts'

/** A span for what is submitted. Who has registered no provider of OpenTelemetry does not even load its API. */

export interface Submitting {
  readonly name: string
  readonly attributes: Attributes
  /** Of the answer: which tasks came of it. */
  readonly told?: ((answer: unknown) => Attributes) | undefined
}

/** `work` gets the place of the span, for the tasks that have none of their own. */
export async function traced<Answer>(
  { name, attributes, told }: Submitting,
  work: (traceParent: string | undefined) => Promise<Answer>,
): Promise<Answer> {
  if (!isTracing()) return work(undefined)
  const { context, SpanKind, SpanStatusCode, trace } = await import('@opentelemetry/api')
  const span = trace.getTracer('taskurai').startSpan(name, { kind: SpanKind.PRODUCER, attributes })
  try {
    const place = traceParentOf(span.spanContext())
    const answer = await context.with(trace.setSpan(context.active(), span), () => work(place))
    setTold(span, told?.(answer))
    return answer
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error))
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
    throw error
  } finally {
    span.end()
  }
}

function setTold(span: Span, attributes: Attributes | undefined): void {
  if (attributes !== undefined) span.setAttributes(attributes)
}

/** By the semantic conventions of messaging. */
export function messagingAttributes(operation: string, destination: string | undefined): Attributes {
  return {
    'messaging.system': 'taskurai',
    'messaging.operation.type': 'send',
    'messaging.operation.name': operation,
    ...(destination === undefined
      ? {}
      : { 'messaging.destination.name': destination, 'taskurai.command': destination }),
  }
}

import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'

/** A provider of OpenTelemetry for this process, whose spans a test looks at. One at a time. */
export interface Spans extends Disposable {
  readonly all: () => readonly ReadableSpan[]
  /** The only one of this name. */
  readonly of: (name: string) => ReadableSpan
  readonly has: (name: string) => boolean
}

export function watchSpans({ ratio = 1 }: { readonly ratio?: number } = {}): Spans {
  const exporter = new InMemorySpanExporter()
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
  const provider = new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] })
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const all = () => exporter.getFinishedSpans()
  return {
    all,
    of: (name) => {
      const [found, another] = all().filter((span) => span.name === name)
      if (found !== undefined && another === undefined) return found
      throw new Error(`not one span is called ${name}, of ${all().map((span) => span.name)}`)
    },
    has: (name) => all().some((span) => span.name === name),
    [Symbol.dispose]: () => {
      trace.disable()
      context.disable()
    },
  }
}

export function idOf(span: ReadableSpan): string {
  return span.spanContext().spanId
}

export function parentOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId
}

import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { Task } from '#core/contract/task'
import { readTraceParent, traceParentOf } from '#core/contract/trace-parent'
import type { Grant } from '#core/contract/worker-protocol'
import { failureIn } from './end-of-run.ts'
import { waitSpanTimes } from './wait-times.ts'

/**
 * The spans of one run: `wait` and `run` beside each other under the span that asked for the task, and `step`s below the
 * run. While the handler runs, the run's span is the active one, so that spans of its own code nest in it.
 */
export interface RunTrace {
  /** Whatever is done in it belongs to the run. */
  readonly within: <T>(work: () => T) => T
  /** A step that is being done, not one that is remembered. */
  readonly step: <T>(id: string, work: (step: StepTrace) => Promise<T>) => Promise<T>
  /** For what is asked for here: of the handler's own active span, else of the run's. */
  readonly traceParent: () => string | undefined
  readonly threw: (error: unknown) => void
  /** With the line that ends the run; '' where it is handed back, undefined where it waits without a slot. */
  readonly end: (line: string | undefined) => void
}

export interface StepTrace {
  /** One of its tries failed. */
  readonly threw: (error: unknown) => void
  /** It did not come to its end here, by that. */
  readonly failed: (message: string) => void
}

export interface RunTraceOptions {
  readonly grant: Grant
  readonly now: () => number
}

const system = 'taskurai'

export function traceRun({ grant, now }: RunTraceOptions): RunTrace {
  const { task } = grant
  const tracer = trace.getTracer(system)
  const remote = readTraceParent(task.traceParent)
  const parent = remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true })
  const attributes = attributesOf(grant)
  const startTime = now()
  const waited = waitSpanTimes(task, startTime)
  if (waited !== undefined) {
    const { from, until } = waited
    tracer.startSpan(`wait ${task.command}`, { startTime: from, attributes }, parent).end(until)
  }
  const span = tracer.startSpan(`run ${task.command}`, { kind: SpanKind.CONSUMER, attributes }, parent)
  const ofRun = trace.setSpan(parent, span)
  /** Without a context manager, nothing is ever active. */
  const here = (): Context => (trace.getSpan(context.active()) === undefined ? ofRun : context.active())

  return {
    within: (work) => context.with(ofRun, work),
    step: async (id, work) => {
      const own = { 'taskurai.step.id': id, 'taskurai.task.id': task.id }
      const step = tracer.startSpan(`step ${id}`, { kind: SpanKind.INTERNAL, attributes: own }, here())
      let told: unknown
      const threw = (error: unknown) => {
        if (error !== told) record(step, error)
        told = error
      }
      try {
        return await context.with(trace.setSpan(here(), step), () =>
          work({ threw, failed: (message) => void step.setStatus({ code: SpanStatusCode.ERROR, message }) }),
        )
      } catch (error) {
        threw(error)
        step.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) })
        throw error
      } finally {
        step.end()
      }
    },
    traceParent: () => {
      const place = trace.getSpanContext(here())
      return place === undefined ? undefined : traceParentOf(place)
    },
    threw: (error) => record(span, error),
    end: (line) => {
      const { outcome, failure } = line === undefined ? { outcome: 'suspended', failure: undefined } : failureIn(line)
      span.setAttribute('taskurai.run.outcome', outcome)
      if (failure !== undefined) {
        span.setAttribute('error.type', failure.code)
        span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
      }
      span.end()
    },
  }
}

function record(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** By the semantic conventions of messaging, and what they have no name for under our own. */
function attributesOf({ run, task }: Grant): Attributes {
  return {
    'messaging.system': system,
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'run',
    'messaging.destination.name': task.worker,
    'messaging.message.id': task.id,
    'messaging.message.conversation_id': task.correlationId,
    ...taskAttributes(task),
    'taskurai.run': run,
  }
}

function taskAttributes({ id, command, version, worker, runCount, correlationId, parentId }: Task): Attributes {
  return {
    'taskurai.task.id': id,
    'taskurai.command': command,
    'taskurai.version': version,
    'taskurai.worker': worker,
    'taskurai.runCount': runCount,
    'taskurai.correlationId': correlationId,
    ...(parentId === undefined ? {} : { 'taskurai.parentId': parentId }),
  }
}

import { limits } from '#core/contract/limits'
import type { Json } from '#core/contract/names'
import type { StepRecord } from '#core/contract/steps'
import { Retry } from '#core/contract/task'
import { retryDelayMs } from '#core/retry'
import { TaskAborted, TaskExpired, TaskFailure, taskErrorOf } from '../failure.ts'
import { jsonTextOf } from '../json-text.ts'
import type { StepTrace } from '../trace/run-trace.ts'
import type { StepOptions } from './flow-context.ts'
import { isDiverged, StepFailed } from './flow-failures.ts'
import type { RunFlow } from './run-flow.ts'

/** Pauses up to here are waited for in memory: giving the slot back costs more. */
const pauseMostMs = 5_000

/** One `ctx.step`: its input frozen, its tries, its result remembered. */
export async function doStep(
  flow: RunFlow,
  id: string,
  work: (input: never) => unknown,
  { retry, input }: StepOptions<unknown>,
): Promise<unknown> {
  const record = flow.memory.begin(id, 'step')
  if (record !== undefined && record.state !== 'open') return flow.valueOf(record)
  const policy = retry === undefined ? undefined : Retry.parse(retry)
  for (let open = record?.wait?.kind === 'step' ? record.wait : undefined; ; ) {
    const standing = open
    // Between two tries, of which the next is not due: the hub wakes the task for it, in a run of its own.
    if (standing?.until !== undefined && standing.until > flow.port.now()) await flow.wait(standing, 'step')
    const tried = await flow.during(async (): Promise<Tried> => {
      const frozen = standing !== undefined && 'input' in standing ? standing.input : await freeze(flow, id, input)
      const opened = standing !== undefined || frozen !== undefined
      const step = { id, work: work as Step['work'], policy, frozen, opened, tries: standing?.tries ?? 0 }
      return traced(flow, step)
    }, true)
    if (tried.kind === 'over') return flow.valueOf(tried.record)
    open = tried.wait
  }
}

interface Step {
  readonly id: string
  readonly work: (input: unknown) => unknown
  readonly policy: Retry | undefined
  readonly frozen: Json | undefined
  /** The hub has been told of it before. */
  readonly opened: boolean
  readonly tries: number
}

type Wait = Extract<NonNullable<StepRecord['wait']>, { kind: 'step' }>
type Tried = { readonly kind: 'over'; readonly record: StepRecord } | { readonly kind: 'later'; readonly wait: Wait }

/** Computed once; a crash behind the answer finds it again. */
async function freeze(flow: RunFlow, id: string, input: unknown): Promise<Json | undefined> {
  if (input === undefined) return undefined
  const value: unknown = typeof input === 'function' ? await input() : input
  const text = textOf(id, value, 'input')
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.stepInlineBytes) {
    const message = `the input of step ${id} has ${bytes} bytes of JSON, the limit stepInlineBytes is ${limits.stepInlineBytes}`
    throw new TaskFailure(message, { code: 'input-too-large', retryable: false })
  }
  const answer = await flow.report({ kind: 'open', wait: { kind: 'step', id, input: JSON.parse(text) as Json } })
  const wait = answer.records?.[0]?.wait
  return wait?.kind === 'step' ? wait.input : (JSON.parse(text) as Json)
}

function traced(flow: RunFlow, step: Step): Promise<Tried> {
  const { trace } = flow
  if (trace === undefined) return tryStep(flow, step)
  return trace.step(step.id, async (told) => {
    const tried = await tryStep(flow, step, told)
    const error = tried.kind === 'later' ? tried.wait.error : tried.record.error
    if (error !== undefined) told.failed(error.message)
    return tried
  })
}

async function tryStep(flow: RunFlow, step: Step, told?: StepTrace): Promise<Tried> {
  const { id, work, policy, frozen } = step
  const startedAt = flow.port.now()
  for (let tries = step.tries + 1; ; tries++) {
    flow.refuseIfStopped()
    const attempt = await attemptAt(work, frozen)
    // Outside of the try: what was done is not done again because it could not be told.
    if (attempt.ok) return { kind: 'over', record: await remember(flow, step, { ...attempt, startedAt, tries }) }
    const { error } = attempt
    // A run that is to stop has failed at nothing (protocol 17).
    flow.refuseIfAborted()
    if (isOfTheRun(error)) throw error
    told?.threw(error)
    const failure = taskErrorOf(error)
    const isLast = !failure.retryable || (policy !== undefined && tries >= policy.maxRuns)
    if (isLast) {
      const times = { startedAt, endedAt: flow.port.now(), tries }
      const report = { kind: 'failed' as const, id, error: failure, ...times, ...openedOf(step) }
      return { kind: 'over', record: recordIn(await flow.report(report), id) }
    }
    if (policy === undefined) throw error
    const delayMs = retryDelayMs(policy, tries, flow.port.chance())
    if (delayMs > pauseMostMs) {
      const until = flow.port.now() + delayMs
      const input = frozen === undefined ? {} : { input: frozen }
      return { kind: 'later', wait: { kind: 'step', id, tries, until, error: failure, ...input } }
    }
    await flow.port.pause(delayMs)
  }
}

type Attempt = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

async function attemptAt(work: Step['work'], frozen: Json | undefined): Promise<Attempt> {
  try {
    return { ok: true, value: await work(frozen) }
  } catch (error) {
    return { ok: false, error }
  }
}

/** What ends the run rather than the step: no further try of it would do better, and it is not the step's own failure. */
function isOfTheRun(error: unknown): boolean {
  const kinds = [TaskAborted, TaskExpired, StepFailed]
  return isDiverged(error) || kinds.some((kind) => error instanceof kind)
}

async function remember(
  flow: RunFlow,
  step: Step,
  { value, startedAt, tries }: { readonly value: unknown; readonly startedAt: number; readonly tries: number },
): Promise<StepRecord> {
  const { id } = step
  const text = value === undefined ? undefined : textOf(id, value, 'result')
  const bytes = text === undefined ? 0 : Buffer.byteLength(text)
  const isApart = bytes > limits.stepInlineBytes || flow.memory.inlineBytes() + bytes > limits.stepsBytes
  const outputPayload = isApart && text !== undefined ? await flow.port.files().keepOutput(text) : undefined
  const output = text === undefined || isApart ? {} : { output: JSON.parse(text) as Json }
  const payload = outputPayload === undefined ? {} : { outputPayload }
  const times = { startedAt, endedAt: flow.port.now(), tries }
  const told = { kind: 'done' as const, id, ...output, ...payload, ...times, ...openedOf(step) }
  return recordIn(await flow.report(told), id)
}

function openedOf({ opened }: Step): { opened?: true } {
  return opened ? { opened: true } : {}
}

function recordIn({ records = [] }: { readonly records?: readonly StepRecord[] | undefined }, id: string): StepRecord {
  const record = records.find((each) => each.id === id)
  if (record === undefined) throw new Error(`the hub told nothing of the step ${id}`)
  return record
}

/** Checked as an output is: what JSON would drop in silence is an error. */
function textOf(id: string, value: unknown, what: string): string {
  const json = jsonTextOf(value)
  if (json.ok) return json.text ?? 'null'
  throw new TaskFailure(`the ${what} of step ${id}: ${json.message}`, { code: json.code, retryable: false })
}

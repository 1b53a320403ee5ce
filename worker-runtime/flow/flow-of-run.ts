import { TaskFailure } from '../failure.ts'
import { toJsonSchema } from '../json-schema.ts'
import type { Schema } from '../schema.ts'
import { validatorOf } from '../validator.ts'
import { doStep } from './do-step.ts'
import type { FlowContext, SignalOptions, SubTask, WaitOptions } from './flow-context.ts'
import { isDiverged } from './flow-failures.ts'
import { never, type RunFlow } from './run-flow.ts'
import { callSubTasks, createSubTasks, waitForSubTasks } from './sub-tasks.ts'

/** What a handler sees of its run's flow. */
export function flowContextOf(flow: RunFlow): FlowContext {
  /** Whatever a handler that was left behind still asks for never settles. */
  const unlessLeft = (ask: () => Promise<unknown>): Promise<never> =>
    (flow.isLeft() ? never() : ask().catch(noted)) as Promise<never>
  // A handler that catches it goes on with results that mean something else: its run fails of it all the same.
  const noted = (error: unknown) => {
    if (isDiverged(error)) flow.divergence ??= error
    throw error
  }

  return {
    step: (id, work, options = {}) => unlessLeft(() => doStep(flow, id, work as (input: never) => unknown, options)),
    sleep: (id, until) =>
      unlessLeft(async () => {
        const record = flow.memory.begin(id, 'sleep')
        if (record?.state === 'done') return
        const told = record?.wait?.kind === 'sleep' ? record.wait.until : timeOf(id, until, flow.port.now())
        await flow.wait({ kind: 'sleep', id, until: told }, 'sleep')
      }),
    waitForSignal: (id, name, options = {}) => unlessLeft(() => waitForSignal(flow, id, name, options)),
    create: (id: string, tasks: SubTask | readonly SubTask[]) =>
      unlessLeft(async () => {
        const ids = await createSubTasks(flow, id, listOf(tasks))
        return isMany(tasks) ? ids : ids[0]
      }),
    call: (id: string, tasks: SubTask | readonly SubTask[], { onFailure = 'fail' }: WaitOptions = {}) =>
      unlessLeft(async () => {
        const value = await callSubTasks(flow, id, listOf(tasks), onFailure)
        return isMany(tasks) || onFailure === 'first-success' ? value : (value as readonly unknown[])[0]
      }),
    wait: (id: string, ids: readonly string[], { onFailure = 'fail' }: WaitOptions = {}) =>
      unlessLeft(() => waitForSubTasks(flow, id, ids, onFailure)),
  }
}

function isMany(tasks: SubTask | readonly SubTask[]): tasks is readonly SubTask[] {
  return Array.isArray(tasks)
}

function listOf(tasks: SubTask | readonly SubTask[]): readonly SubTask[] {
  return isMany(tasks) ? tasks : [tasks]
}

function timeOf(id: string, until: number | Date, now: number): number {
  const time = until instanceof Date ? until.getTime() : now + until * 1_000
  if (!Number.isFinite(time)) throw new TypeError(`the sleep ${id} has no time: ${String(until)}`)
  return Math.max(0, time)
}

async function waitForSignal(
  flow: RunFlow,
  id: string,
  name: string,
  { timeoutSeconds, schema }: SignalOptions<Schema | undefined>,
): Promise<unknown> {
  const record = flow.memory.begin(id, 'signal')
  if (record !== undefined && record.state !== 'open') return fitting(schema, id, await flow.valueOf(record))
  const until = timeoutSeconds === undefined ? {} : { until: timeOf(id, timeoutSeconds, flow.port.now()) }
  const told =
    schema === undefined ? {} : { schema: toJsonSchema(schema, { command: `the signal ${name}`, io: 'input' }) }
  const asked = record?.wait ?? { kind: 'signal', id, name, ...until, ...told }
  return fitting(schema, id, await flow.valueOf(await flow.wait(asked, 'signal')))
}

/** What came before anybody waited was not looked at by the door. */
async function fitting(schema: Schema | undefined, id: string, data: unknown): Promise<unknown> {
  const checked = await validatorOf(schema)(data)
  if (checked.ok) return checked.value
  const message = `the signal that ${id} waited for does not fit: ${checked.message}`
  throw new TaskFailure(message, { code: 'invalid-signal', retryable: false })
}

import { createSystemIds } from '#adapters/system/ids'
import { limits } from '#core/contract/limits'
import type { Json } from '#core/contract/names'
import { reservedFiles } from '#core/contract/reserved-files'
import type { Joined, NewSubTask, OnFailure, StepRecord, WaitPart } from '#core/contract/steps'
import type { ChildOutput } from '#core/contract/worker-protocol'
import { childIdOf } from '#core/flow/child-id'
import { TaskFailure } from '../failure.ts'
import type { SubTask } from './flow-context.ts'
import { diverged, failureOf } from './flow-failures.ts'
import type { RunFlow } from './run-flow.ts'

/** Sub tasks of a run: made in order, waited for in order. */

/** Of one message with sub tasks; a single one may be larger. */
const messageBytesMost = 1_048_576

/** Ids of sub tasks by where they belong, as far as this run has made or asked for them. */
const placesOf = new WeakMap<RunFlow, Map<string, { readonly step: string; readonly index: number }>>()

export async function createSubTasks(flow: RunFlow, id: string, tasks: readonly SubTask[]): Promise<readonly string[]> {
  // None are none, and there is nothing to remember of them.
  if (tasks.length === 0) return []
  const record = flow.memory.begin(id, 'create', tasks.length)
  flow.hasChildren = true
  const ids = record?.state === 'done' ? idsOf(flow, record) : await make(flow, { kind: 'create', id, tasks })
  note(flow, id, ids)
  return ids
}

export async function callSubTasks(
  flow: RunFlow,
  id: string,
  tasks: readonly SubTask[],
  onFailure: OnFailure,
): Promise<unknown> {
  if (tasks.length === 0) return noneOf(id, onFailure)
  const record = flow.memory.begin(id, 'call', tasks.length)
  flow.hasChildren = true
  if (record !== undefined && record.state !== 'open') return joinedValue(flow, record, onFailure)
  if (record === undefined) await make(flow, { kind: 'call', id, tasks, onFailure })
  const over = await flow.wait({ kind: 'wait', id, of: [{ step: id }], onFailure }, 'call')
  return joinedValue(flow, over, onFailure)
}

export async function waitForSubTasks(
  flow: RunFlow,
  id: string,
  ids: readonly string[],
  onFailure: OnFailure,
): Promise<unknown> {
  if (ids.length === 0) return noneOf(id, onFailure)
  const record = flow.memory.begin(id, 'wait')
  if (record !== undefined && record.state !== 'open') return joinedValue(flow, record, onFailure)
  const over = await flow.wait({ kind: 'wait', id, of: partsOf(flow, id, ids), onFailure }, 'wait')
  return joinedValue(flow, over, onFailure)
}

function noneOf(id: string, onFailure: OnFailure): readonly never[] {
  if (onFailure !== 'first-success') return []
  const message = `${id} waits for the first of no sub tasks`
  throw failureOf('wait', { code: 'sub-task-failed', message, retryable: false })
}

interface Make {
  readonly kind: 'call' | 'create'
  readonly id: string
  readonly tasks: readonly SubTask[]
  readonly onFailure?: OnFailure
}

function make(flow: RunFlow, { kind, id, tasks, onFailure }: Make): Promise<readonly string[]> {
  const count = tasks.length
  if (count > limits.childrenPerStep) {
    throw new TypeError(
      `the step ${id} has ${count} sub tasks, at most ${limits.childrenPerStep} (limit childrenPerStep)`,
    )
  }
  const traceParent = flow.trace?.traceParent()
  const asked = tasks.map((task) => newSubTask(task, traceParent))
  return flow.during(async () => {
    const ids: string[] = []
    for (let from = 0; from < count; ) {
      const some = asked.slice(from, from + fitting(asked, from))
      const policy = onFailure === undefined ? {} : { onFailure }
      const answer = await flow.report({ kind, id, count, from, tasks: some, ...policy })
      ids.push(...(answer.ids ?? []))
      from += some.length
    }
    return ids
  })
}

/** How many go into one message, from there on. */
function fitting(tasks: readonly NewSubTask[], from: number): number {
  let bytes = 0
  let count = 0
  for (const task of tasks.slice(from, from + limits.batchTasks)) {
    bytes += Buffer.byteLength(JSON.stringify(task))
    if (count > 0 && bytes > messageBytesMost) break
    count++
  }
  return count
}

/** Without a span of its own the task's is inherited, by the hub. */
function newSubTask({ command, ...task }: SubTask, traceParent: string | undefined): NewSubTask {
  const traced = traceParent === undefined ? {} : { traceParent }
  if (typeof command === 'string') return { ...traced, ...task, command }
  return { version: command.version, ...traced, ...task, command: command.name }
}

/** As the hub makes them: from the task, its birth, the step and the place (core/flow/child-id.ts). */
function idsOf({ grant }: RunFlow, { id: step, count = 0, attempts = {} }: StepRecord): readonly string[] {
  // A first run is told the ids, and not what they are made of.
  if (grant.born === undefined) return []
  const ids = createSystemIds()
  const parent = { parentId: grant.task.id, born: grant.born, step }
  return Array.from({ length: count }, (_, index) =>
    childIdOf(ids, { ...parent, index, attempt: attempts[String(index)] ?? 0 }),
  )
}

function note(flow: RunFlow, step: string, ids: readonly string[]): void {
  const places = placesOf.get(flow) ?? new Map()
  placesOf.set(flow, places)
  for (const [index, id] of ids.entries()) places.set(id, { step, index })
}

/** Neighbours of one step become one part, so that all of a step is told without naming each. */
function partsOf(flow: RunFlow, wait: string, ids: readonly string[]): WaitPart[] {
  // One that an earlier run made may be known by its id alone.
  if (ids.some((id) => placesOf.get(flow)?.has(id) !== true)) {
    for (const record of flow.memory.all()) if (record.kind === 'create') note(flow, record.id, idsOf(flow, record))
  }
  const places = placesOf.get(flow)
  const parts: { step: string; indexes: number[] }[] = []
  for (const id of ids) {
    const place = places?.get(id)
    if (place === undefined) {
      const message = `${id} is no sub task that this task has made: ctx.wait waits for those of ctx.create`
      throw new TaskFailure(message, { code: 'not-a-sub-task', retryable: false })
    }
    const last = parts.at(-1)
    if (last?.step === place.step) last.indexes.push(place.index)
    else parts.push({ step: place.step, indexes: [place.index] })
  }
  if (parts.length > limits.waitParts) {
    throw new TypeError(`the wait ${wait} jumps between steps ${parts.length} times, at most ${limits.waitParts}`)
  }
  return parts.map(({ step, indexes }) => {
    const count = flow.memory.get(step)?.count
    const isAll = indexes.length === count && indexes.every((index, place) => index === place)
    return isAll ? { step } : { step, indexes }
  })
}

async function joinedValue(flow: RunFlow, record: StepRecord, onFailure: OnFailure): Promise<unknown> {
  if (record.state === 'failed') throw failureOf(record.kind, record.error)
  const joined = record.output as unknown as Joined
  const recorded = joined.first !== undefined ? 'first-success' : joined.failedCount > 0 ? 'continue' : undefined
  const isAsRecorded = recorded === onFailure || (recorded === undefined && onFailure !== 'first-success')
  if (!isAsRecorded) {
    const before = recorded ?? 'fail or continue'
    throw diverged(`${record.id} waits with ${onFailure} now, and did with ${before} in an earlier run of this task`)
  }
  if (onFailure === 'first-success') return firstOf(flow, record, joined)
  const failed = new Map(joined.failed.map((each) => [each.index, each]))
  const outputs = joined.outputs ?? (await flow.during(() => allOutputs(flow, record.id)))
  if (onFailure !== 'continue') return outputs.map((each) => (isChild(each) ? each.output : each) ?? null)
  return outputs.map((each, index) => {
    const told = failed.get(index) ?? (isChild(each) && each.status !== 'succeeded' ? each : undefined)
    if (told === undefined) return { ok: true, output: (isChild(each) ? each.output : each) ?? null }
    const { taskId, status, error } = told
    return { ok: false, taskId, status, ...(error === undefined ? {} : { error }) }
  })
}

async function firstOf(flow: RunFlow, { id }: StepRecord, { first = 0, outputs }: Joined): Promise<unknown> {
  if (outputs !== undefined) return { index: first, output: outputs[0] ?? null }
  const child = await flow.during(async () => (await flow.port.outputs(id, first)).outputs[0])
  return { index: first, output: child === undefined ? null : ((await outputOf(flow, child)) ?? null) }
}

const marked = Symbol('child output')
type Marked = ChildOutput & { readonly [marked]: true }

function isChild(each: unknown): each is Marked {
  return typeof each === 'object' && each !== null && marked in each
}

/** More than the hub keeps with the step: page by page. */
async function allOutputs(flow: RunFlow, wait: string): Promise<readonly Marked[]> {
  const all: Marked[] = []
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: { outputs: readonly ChildOutput[]; next?: number } = await flow.port.outputs(wait, from)
    for (const child of page.outputs) {
      const output = (await outputOf(flow, child)) as Json | undefined
      all.push({ ...child, ...(output === undefined ? {} : { output }), [marked]: true })
    }
    from = page.next
  }
  return all
}

async function outputOf(flow: RunFlow, { taskId, output, outputApart }: ChildOutput): Promise<unknown> {
  return outputApart === true ? flow.port.files().fetchJson(taskId, reservedFiles.output) : output
}

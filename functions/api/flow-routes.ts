import { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { TaskId } from '#core/contract/names'
import { NewSignal, SignalName, Step } from '#core/contract/steps'
import { Task } from '#core/contract/task'
import { childId, readChildren } from '#core/flow/children'
import { inChunks } from '#core/flow/list-all'
import { type Remembered, readRemembered } from '#core/flow/remembered'
import { writeSignal } from '#core/flow/signals'
import { wakeTask } from '#core/flow/wake'
import type { Head } from '#core/head'
import { readHead } from '#core/tasks/move'
import { iso } from '#core/wire'
import type { World } from '#core/world'
import { json } from './answers.ts'
import { canonicalJson } from './canonical.ts'
import { compileSchema } from './compile-schema.ts'
import { parseWith, refusal } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'
import { showHead } from './show-task.ts'
import { idempotencyKeyOf } from './task-ids.ts'

/** What is behind a task: its steps, its sub tasks, and signals to it. */

const Page = z.strictObject({
  cursor: z
    .string()
    .regex(/^\d{1,9}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(limits.listPage).default(limits.listPageDefault),
})

export function flowRoutes(world: World): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/tasks/{id}/steps',
      name: 'listSteps',
      summary: 'What a task remembers of its steps, and what it waits for, the oldest first',
      answer: { status: 200, schema: z.object({ steps: z.array(Step) }) },
      handle: async ({ params }) => {
        const head = await headOf(world, params)
        const [remembered, made] = await Promise.all([readRemembered(world, head), readChildren(world, head)])
        const counts = new Map(made.map(({ step, count }) => [step, count]))
        const steps = shownSteps(remembered).map((step) => ({ ...step, count: counts.get(step.id) ?? step.count }))
        return json(200, { steps })
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/tasks/{id}/children',
      name: 'listChildren',
      summary: 'The sub tasks of a task, step by step and in their order',
      query: Page,
      answer: { status: 200, schema: z.object({ tasks: z.array(Task), cursor: z.string().optional() }) },
      handle: async ({ params, query }) => {
        const head = await headOf(world, params)
        const ids = await childIds(world, head)
        const from = Number(query.cursor ?? 0)
        const page = ids.slice(from, from + query.limit)
        const heads = await inChunks(page, readsAtOnce, (id) => readHead(world, id))
        const tasks = heads.flatMap((child) => (child === undefined ? [] : [showHead(child)]))
        const next = from + page.length
        return json(200, { tasks, ...(next < ids.length ? { cursor: String(next) } : {}) })
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/tasks/{id}/signals/{name}',
      name: 'signalTask',
      summary: 'Send a named event to a task: an approval, a webhook; it is kept until a step waits for it',
      body: NewSignal,
      isBodyOptional: true,
      headers: ['idempotency-key'],
      answer: { status: 202, schema: z.object({ taskId: TaskId, name: SignalName, id: z.string() }) },
      handle: async ({ principal, params, body, request }) => {
        const head = await headOf(world, params)
        const name = parseWith(SignalName, params.name, 'not-found')
        refuseLarge(body.data)
        await refuseUnfit(world, head, name, body.data)
        const told = body.id ?? idempotencyKeyOf(request.headers)
        const id = told === undefined ? world.ids.next() : world.ids.ofText(`signal\n${told}`)
        const outcome = await writeSignal(world, { taskId: head.id, name, id, by: principal, data: body.data })
        switch (outcome.kind) {
          case 'sent':
          case 'existing':
            await wakeTask(world, head.id)
            return json(202, { taskId: head.id, name, id })
          case 'absent':
            throw noTask(head.id)
          case 'ended':
            throw new ApiError('conflict', `the task is ${outcome.head.status}: nobody waits for a signal any more`)
          case 'too-many': {
            const message = `${limits.signals} signals of this name are kept and not consumed (limit signals)`
            throw new ApiError('conflict', message)
          }
          default:
            return outcome satisfies never
        }
      },
    }),
  ]
}

const readsAtOnce = 50

async function headOf(world: World, params: Readonly<Record<string, string>>): Promise<Head> {
  const id = parseWith(TaskId, params.id, 'not-found')
  const head = await readHead(world, id)
  if (head === undefined) throw noTask(id)
  return head
}

function noTask(taskId: string): ApiError {
  return new ApiError('not-found', `there is no task ${taskId}, or its retention is over`)
}

function refuseLarge(data: unknown): void {
  const bytes = data === undefined ? 0 : Buffer.byteLength(canonicalJson(data))
  if (bytes <= limits.signalBytes) return
  const message = `has ${bytes} bytes of JSON, at most ${limits.signalBytes} (limit signalBytes)`
  throw new ApiError('too-large', `/data ${message}`, { issues: [{ field: '/data', message }] })
}

/** While a step waits for it and has said what it must be, a wrong one is refused; one that comes early is judged there. */
async function refuseUnfit(world: World, head: Head, name: string, data: unknown): Promise<void> {
  if (head.status !== 'suspended') return
  const { waits } = await readRemembered(world, head)
  for (const { wait } of waits) {
    if (wait.kind !== 'signal' || wait.name !== name || wait.schema === undefined) continue
    const issues = compileSchema(wait.schema)(data ?? null)
    if (issues.length > 0)
      throw refusal(
        'invalid',
        issues.map(({ field, message }) => ({ field: `/data${field}`, message })),
      )
    return
  }
}

async function childIds(world: World, head: Head): Promise<readonly string[]> {
  const all = await readChildren(world, head)
  return all.flatMap((children) =>
    Array.from({ length: children.count }, (_, index) => childId(world, head, children, index)),
  )
}

function shownSteps({ steps, waits }: Remembered): readonly Step[] {
  const time = (at: number | undefined) => (at === undefined ? undefined : iso(at))
  const over = steps.map(({ id, kind, state, startedAt, endedAt, tries, output, error, count }) => ({
    at: startedAt ?? endedAt,
    step: { id, kind, state, startedAt: time(startedAt), endedAt: time(endedAt), tries, output, error, count },
  }))
  const open = waits.map(({ wait, kind, at }) => ({
    at,
    step: {
      ...{ id: wait.id, kind, state: 'open' as const, startedAt: iso(at) },
      ...('until' in wait && wait.until !== undefined ? { until: iso(wait.until) } : {}),
      ...(wait.kind === 'signal' ? { waitsFor: `signal ${wait.name}` } : {}),
      ...(wait.kind === 'wait' ? { waitsFor: `sub tasks of ${wait.of.map(({ step }) => step).join(', ')}` } : {}),
    },
  }))
  return [...over, ...open].sort((a, b) => a.at - b.at).map(({ step }) => step)
}

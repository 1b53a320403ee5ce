import { z } from 'zod'
import { limits } from '#core/contract/limits'
import { TaskId } from '#core/contract/names'
import { NewSignal, SignalName, Step } from '#core/contract/steps'
import { Task } from '#core/contract/task'
import { childId, readChildren } from '#core/flow/children'
import { inChunks } from '#core/flow/list-all'
import type { Head } from '#core/head'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { json } from './answers.ts'
import { parseWith } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'
import { noTask, sendSignal } from './send-signal.ts'
import { showHead } from './show-task.ts'
import { readShownSteps } from './shown-steps.ts'
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
        const steps = await readShownSteps(world, head)
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
        const told = body.id ?? idempotencyKeyOf(request.headers)
        const id = told === undefined ? world.ids.next() : world.ids.ofText(`signal\n${told}`)
        await sendSignal(world, { head, name, id, by: principal, data: body.data })
        return json(202, { taskId: head.id, name, id })
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

async function childIds(world: World, head: Head): Promise<readonly string[]> {
  const all = await readChildren(world, head)
  return all.flatMap((children) =>
    Array.from({ length: children.count }, (_, index) => childId(world, head, children, index)),
  )
}

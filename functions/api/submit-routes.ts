import { z } from 'zod'
import { CommandName } from '#core/contract/names'
import { NewBatch, NewBatchOfCommand, NewTask, NewTaskOfCommand } from '#core/contract/new-task'
import { isPlainBatch } from '#core/contract/plain-tasks'
import { Task } from '#core/contract/task'
import { readTraceParent } from '#core/contract/trace-parent'
import { json } from './answers.ts'
import type { Door } from './check-tasks.ts'
import { type BatchDoor, createMany, createOne } from './create-tasks.ts'
import type { Created } from './created.ts'
import { parseWith } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'
import { showCreated, showHead, showTask } from './show-task.ts'
import { createTurns } from './turns.ts'

/** Creating tasks, singly and in batches; also under a command, so that a policy can allow a caller just that one. */

/** With `Prefer: return=minimal` a task is its id and status. */
const Minimal = Task.pick({ id: true, status: true })
const accepted = { status: 202, schema: z.union([Task, Minimal]) } as const
const batchAccepted = { status: 202, schema: z.object({ tasks: z.array(z.union([Task, Minimal])) }) } as const
const headers = ['idempotency-key', 'prefer', 'traceparent']

export function submitRoutes({ world, catalog }: Door): readonly Route[] {
  const door: BatchDoor = { world, catalog, batchTurns: createTurns() }
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/tasks',
      name: 'createTask',
      summary: 'Create a task',
      body: NewTask,
      headers,
      answer: accepted,
      handle: async ({ principal, request, body, raw }) => {
        const ask = {
          principal,
          headers: request.headers,
          tasks: traced(request, [body]),
          raw: [raw],
          pathCommand: undefined,
        }
        return one(door, request, await createOne(door, ask))
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/tasks/batch',
      name: 'createTasks',
      summary: 'Create up to 500 tasks in one call',
      body: NewBatch,
      isTakenAsIs: isPlainBatch,
      headers,
      answer: batchAccepted,
      handle: async ({ principal, request, body, raw }) => {
        const ask = {
          principal,
          headers: request.headers,
          tasks: traced(request, body.tasks),
          raw: rawTasks(raw),
          pathCommand: undefined,
        }
        return many(request, await createMany(door, ask))
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/commands/{command}/tasks',
      name: 'createTaskOfCommand',
      summary: 'Create a task of the command that the path names',
      body: NewTaskOfCommand,
      headers,
      answer: accepted,
      handle: async ({ principal, request, params, body, raw }) => {
        const command = commandOf(params)
        const tasks = traced(request, [{ ...body, command }])
        const ask = { principal, headers: request.headers, tasks, raw: [raw], pathCommand: command }
        return one(door, request, await createOne(door, ask))
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/commands/{command}/tasks/batch',
      name: 'createTasksOfCommand',
      summary: 'Create up to 500 tasks of the command that the path names',
      body: NewBatchOfCommand,
      headers,
      answer: batchAccepted,
      handle: async ({ principal, request, params, body, raw }) => {
        const command = commandOf(params)
        const tasks = traced(
          request,
          body.tasks.map((task) => ({ ...task, command })),
        )
        const ask = { principal, headers: request.headers, tasks, raw: rawTasks(raw), pathCommand: command }
        return many(request, await createMany(door, ask))
      },
    }),
  ]
}

function commandOf(params: Readonly<Record<string, string>>): string {
  return parseWith(CommandName, params.command, 'not-found')
}

/**
 * The header is what callers' own tracing sends by itself: it counts for the tasks that say nothing, and one that is
 * broken refuses nothing (W3C Trace Context, 3.2.2). It is no part of what an idempotency key stands for.
 */
function traced<New extends { readonly traceParent?: string | undefined }>(
  { headers: given }: Request,
  tasks: readonly New[],
): readonly New[] {
  const traceParent = given.get('traceparent')
  if (traceParent === null || readTraceParent(traceParent) === undefined) return tasks
  return tasks.map((task) => ({ traceParent, ...task }))
}

function rawTasks(raw: unknown): readonly unknown[] {
  return (raw as { readonly tasks: readonly unknown[] }).tasks
}

async function one({ world }: Door, request: Request, created: Created): Promise<Response> {
  const { kind, head, task } = created
  const location = `/v1/tasks/${head.id}`
  if (isMinimal(request)) return json(202, minimalOf(created), { location, ...minimalApplied })
  const shown = kind === 'existing' ? await showTask(world, head) : showCreated(head, task.arguments)
  return json(202, shown ?? showHead(head), { location })
}

function many(request: Request, all: readonly Created[]): Response {
  if (isMinimal(request)) return json(202, { tasks: all.map(minimalOf) }, minimalApplied)
  const show = ({ kind, head, task }: Created) =>
    kind === 'existing' ? showHead(head) : showCreated(head, task.arguments)
  return json(202, { tasks: all.map(show) })
}

const minimalApplied = { 'preference-applied': 'return=minimal' }

/** `Prefer: return=minimal` (RFC 7240) answers id and status alone. */
function isMinimal({ headers }: Request): boolean {
  return /(?:^|[,;])\s*return\s*=\s*"?minimal"?\s*(?:$|[,;])/i.test(headers.get('prefer') ?? '')
}

function minimalOf({ head }: Created): z.infer<typeof Minimal> {
  return { id: head.id, status: head.status }
}

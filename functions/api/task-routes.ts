import { z } from 'zod'
import { bulkCommand } from '#core/contract/bulk'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { TaskId } from '#core/contract/names'
import { CancelRequest, RetryRequest, TaskPatch } from '#core/contract/new-task'
import { Task } from '#core/contract/task'
import type { PatchFields, RefusalReason } from '#core/events'
import type { Head } from '#core/head'
import { cancelTask, patchTask, removeTask, retryTask } from '#core/tasks/change'
import { type MoveOutcome, readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { json, noContent, retryAfterSeconds } from './answers.ts'
import { parseWith, refusal } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'
import { showTask } from './show-task.ts'
import { windowFault, windowOf } from './start-window.ts'
import type { WaitForEnd } from './wait-task.ts'

/** One task: look at it, wait for it, change it, cancel it, run it again, remove it. */

const shown = { status: 200, schema: Task } as const
const WaitQuery = z.strictObject({ wait: z.coerce.number().min(0).max(limits.waitSeconds).optional() })

export function taskRoutes(world: World, waitForEnd: WaitForEnd): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/tasks/{id}',
      name: 'getTask',
      summary: 'The task as it stands, or its end if that comes within `wait` seconds',
      query: WaitQuery,
      answer: shown,
      handle: async ({ params, query, request }) => {
        const taskId = idOf(params)
        const waitMs = (query.wait ?? 0) * 1_000
        const { head, isTooSoon } = await waitForEnd({ taskId, waitMs, signal: request.signal })
        const response = await answer(world, taskId, head)
        if (isTooSoon) response.headers.set('retry-after', retryAfterSeconds)
        return response
      },
    }),
    defineRoute({
      method: 'PATCH',
      path: '/v1/tasks/{id}',
      name: 'changeTask',
      summary: 'Change what people read, and the start times until it runs',
      body: TaskPatch,
      answer: shown,
      handle: async ({ principal, params, body }) => {
        const taskId = idOf(params)
        await refuseWindow(world, taskId, body)
        return moved(world, taskId, await patchTask(world, { taskId, by: principal, fields: fieldsOf(world, body) }))
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/tasks/{id}',
      name: 'removeTask',
      summary: 'Remove an ended task before its retention is over',
      answer: { status: 204 },
      handle: async ({ params }) => {
        const taskId = idOf(params)
        const outcome = await removeTask(world, taskId)
        if (outcome.kind === 'absent') throw noTask(taskId)
        if (outcome.kind === 'not-ended') throw new ApiError('conflict', 'the task has not ended: cancel it first')
        if (outcome.kind === 'needed') {
          throw new ApiError(
            'conflict',
            'its parent, or its own sub tasks, still need it: remove it when they have ended',
          )
        }
        return noContent()
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/tasks/{id}/cancel',
      name: 'cancelTask',
      summary: 'Cancel it: at once while it waits; a running one is asked to stop and has a grace time',
      body: CancelRequest,
      isBodyOptional: true,
      answer: { status: 202, schema: Task },
      handle: async ({ principal, params, body }) => {
        const taskId = idOf(params)
        const outcome = await cancelTask(world, { taskId, by: principal, reason: body.reason })
        // Canceling twice says the same as once: what was wanted is under way or done.
        if (outcome.kind === 'refused' && canceledAlready.has(outcome.reason))
          return answer(world, taskId, outcome.head, 202)
        return moved(world, taskId, outcome, 202)
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/tasks/{id}/retry',
      name: 'retryTask',
      summary: 'Run a failed, canceled or expired task again',
      body: RetryRequest,
      isBodyOptional: true,
      answer: { status: 202, schema: Task },
      handle: async ({ principal, params, body }) => {
        const taskId = idOf(params)
        const outcome = await retryTask(world, { taskId, by: principal, reason: body.reason })
        if (outcome.kind === 'refused') throw new ApiError('conflict', whyNotRetried(outcome.head))
        return moved(world, taskId, outcome, 202)
      },
    }),
  ]
}

const canceledAlready: ReadonlySet<RefusalReason> = new Set(['cancel-asked', 'already-canceled'])

const whyRefused: Readonly<Partial<Record<RefusalReason, string>>> = {
  'already-ended': 'the task has ended',
  'already-running': 'the task runs already: its start times cannot change any more',
}

function whyNotRetried(head: Head): string {
  if (head.command === bulkCommand) return 'a bulk is not run again: ask for a new one, by POST /v1/bulk'
  if (head.flow?.owes === true) return 'its sub tasks are still being ended: try again in a moment'
  return head.status === 'succeeded'
    ? 'the task succeeded: create a new one to do it again'
    : 'the task has not ended: there is nothing to run again yet'
}

function moved(world: World, taskId: string, outcome: MoveOutcome, status = 200): Promise<Response> {
  if (outcome.kind === 'moved') return answer(world, taskId, outcome.head, status)
  if (outcome.kind === 'absent') throw noTask(taskId)
  throw new ApiError('conflict', whyRefused[outcome.reason] ?? `the task is ${outcome.head.status}`)
}

async function answer(world: World, taskId: string, head: Head | undefined, status = 200): Promise<Response> {
  const task = head === undefined ? undefined : await showTask(world, head)
  if (task === undefined) throw noTask(taskId)
  return json(status, task)
}

function noTask(taskId: string): ApiError {
  return new ApiError('not-found', `there is no task ${taskId}, or its retention is over`)
}

function idOf(params: Readonly<Record<string, string>>): string {
  return parseWith(TaskId, params.id, 'not-found')
}

/** The times that stand are only read where the new ones must fit them; who changes both at once races with nobody. */
async function refuseWindow(world: World, taskId: string, patch: TaskPatch): Promise<void> {
  if (patch.startAfter === undefined && patch.notStartAfter === undefined) return
  const fault = windowFault(patch, world.clock.now(), await readHead(world, taskId))
  if (fault !== undefined) throw refusal('invalid', [fault])
}

function fieldsOf(world: World, patch: TaskPatch): PatchFields {
  return definedOf({ ...patch, ...windowOf(patch, world.clock.now()) }) as PatchFields
}

function definedOf(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

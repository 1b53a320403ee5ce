import { BulkRequest, bulkCommand } from '#core/contract/bulk'
import { Task } from '#core/contract/task'
import { createBulk } from '#core/tasks/bulk/create-bulk'
import { needsCommands } from '#core/tasks/list'
import type { World } from '#core/world'
import { json } from './answers.ts'
import { canonicalJson } from './canonical.ts'
import type { Door } from './check-tasks.ts'
import { clash, unavailable } from './created.ts'
import { refusal } from './field-issues.ts'
import { commandsToMerge } from './list-routes.ts'
import { defineRoute, type Route } from './route.ts'
import { showCreated, showTask } from './show-task.ts'
import { idempotencyKeyOf, idOfKey } from './task-ids.ts'

/** Many tasks by one call: accepted as a task of its own, which the hub works off. */
export function bulkRoutes({ world, catalog }: Door): readonly Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/bulk',
      name: 'createBulk',
      summary: 'Cancel, retry or erase all tasks that a filter finds; the answer is a task, to be followed as any',
      body: BulkRequest,
      headers: ['idempotency-key'],
      answer: { status: 202, schema: Task },
      handle: async ({ principal, request, body, raw }) => {
        const { command, status, tags, ...people } = body.filter
        // Said here, where somebody hears it.
        if (needsCommands(world, { command, status, tags, ...people })) await commandsToMerge(catalog)
        return accept(world, { principal, key: idempotencyKeyOf(request.headers), request: body, raw })
      },
    }),
  ]
}

interface Ask {
  readonly principal: string
  readonly key: string | undefined
  readonly request: BulkRequest
  readonly raw: unknown
}

async function accept(world: World, { principal, key, request, raw }: Ask): Promise<Response> {
  const id = key === undefined ? world.ids.next() : idOfKey(world.ids, bulkCommand, key)
  const requestHash = key === undefined ? undefined : world.ids.sha256(canonicalJson(raw)).slice(0, 32)
  const outcome = await createBulk(world, { id, requestHash, request, by: principal }).catch((cause: unknown) => {
    throw unavailable(cause, key !== undefined)
  })
  if (outcome.kind === 'invalid') throw refusal('invalid', [outcome])
  if (outcome.kind === 'clash') throw clash(outcome.head)
  const { head } = outcome
  const shown = outcome.kind === 'existing' ? await showTask(world, head) : undefined
  return json(202, shown ?? showCreated(head, request), { location: `/v1/tasks/${head.id}` })
}

import { ApiError } from '#core/contract/errors'
import { LogPage, LogQuery } from '#core/contract/logs'
import { TaskId } from '#core/contract/names'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { json } from './answers.ts'
import { parseWith } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'

/** What the runs of a task logged. */
export function logRoutes(world: World): readonly Route[] {
  const { taskLogs } = world
  if (taskLogs === undefined) return []
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/tasks/{id}/logs',
      name: 'listLogs',
      summary: 'What the runs of a task logged, oldest first; ask again with the cursor for what came since',
      query: LogQuery,
      answer: { status: 200, schema: LogPage },
      handle: async ({ params, query: { cursor, limit } }) => {
        const id = parseWith(TaskId, params.id, 'not-found')
        const head = await readHead(world, id)
        if (head === undefined) throw new ApiError('not-found', `there is no task ${id}, or its retention is over`)
        const { born, worker, createdAt, stoppedAt } = head
        return json(200, await taskLogs.read({ id, born, worker, createdAt, stoppedAt }, { cursor, limit }))
      },
    }),
  ]
}

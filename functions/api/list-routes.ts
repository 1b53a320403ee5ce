import { z } from 'zod'
import { bulkCommand } from '#core/contract/bulk'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { Task } from '#core/contract/task'
import { ListQuery } from '#core/contract/task-filter'
import { createdWithin } from '#core/tasks/created-within'
import type { TaskFilter } from '#core/tasks/dimensions'
import { isStatus, listTasks, needsCommands } from '#core/tasks/list'
import { json } from './answers.ts'
import type { Door } from './check-tasks.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { refusal } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'
import { showHead } from './show-task.ts'

const TaskList = z.object({ tasks: z.array(Task), cursor: z.string().optional() })

/** The list of tasks, newest first; by what the query names, or merged over all commands that are registered. */
export function listRoutes(door: Door): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/tasks',
      name: 'listTasks',
      summary: 'Tasks, newest first; of the last 400 days without `from`; a page may be short and still have a cursor',
      query: ListQuery,
      answer: { status: 200, schema: TaskList },
      handle: async ({ query }) => json(200, await page(door, query)),
    }),
  ]
}

async function page({ world, catalog }: Door, query: ListQuery): Promise<{ tasks: readonly Task[]; cursor?: string }> {
  const { from, to, cursor, limit } = query
  const filter = filterOf(query)
  const bound = boundTo(filter, from, to)
  const listed = await listTasks(world, {
    filter,
    commands: needsCommands(world, filter) ? await commandsToMerge(catalog) : undefined,
    // Until now: what is created while pages are read belongs to none of them.
    ...createdWithin(world.clock.now(), { from, to }),
    before: cursor === undefined ? undefined : readCursor(world.ids, bound, cursor),
    limit,
  })
  const tasks = listed.heads.map(showHead)
  return listed.next === undefined ? { tasks } : { tasks, cursor: writeCursor(world.ids, bound, listed.next) }
}

function filterOf({
  status,
  tag,
  from: _from,
  to: _to,
  cursor: _cursor,
  limit: _limit,
  ...named
}: ListQuery): TaskFilter {
  if (status !== undefined && !isStatus(status)) {
    throw refusal('bad-request', [{ field: '/status', message: `there is no status ${status}` }])
  }
  return { ...named, status, tags: tag }
}

/** All that a cursor must find as it was; in which order the tags came does not matter. */
function boundTo(filter: TaskFilter, from: string | undefined, to: string | undefined): readonly unknown[] {
  const { command, status, tags = [], externalId, userId, accountId, correlationId } = filter
  const values = [command, status, externalId, userId, accountId, correlationId, from, to]
  return [...values.map((value) => value ?? null), [...new Set(tags)].sort()]
}

/** With what the hub does by itself. */
export async function commandsToMerge(catalog: Door['catalog']): Promise<readonly string[]> {
  const names = await catalog.names()
  if (names.length <= limits.listCommands) return [...names, bulkCommand]
  throw new ApiError(
    'bad-request',
    `more than ${limits.listCommands} commands are registered: name one in ?command=, or something else to search by`,
  )
}

import { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import { limits, spans } from '#core/contract/limits'
import { ListQuery } from '#core/contract/new-task'
import { Task } from '#core/contract/task'
import { isStatus, listTasks } from '#core/tasks/list'
import { json } from './answers.ts'
import type { Door } from './check-tasks.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { refusal } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'
import { showHead } from './show-task.ts'

const TaskList = z.object({ tasks: z.array(Task), cursor: z.string().optional() })

/** What a list without `from` looks back: tasks are kept for 30 days unless told otherwise, and walks must end. */
const lookBackMs = 400 * spans.dayMs

/** Nothing is created later than this; a walk from the year 9999 would pass through empty months for ever. */
const clocksDifferMs = spans.dayMs

/** The list of tasks, newest first; of one command, or merged over all that are registered. */
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
  const { command, status, from, to, cursor, limit } = query
  if (status !== undefined && !isStatus(status)) {
    throw refusal('bad-request', [{ field: '/status', message: `there is no status ${status}` }])
  }
  const now = world.clock.now()
  const bound = [command ?? null, status ?? null, from ?? null, to ?? null]
  const until = Math.min(to === undefined ? now + 1 : Date.parse(to), now + clocksDifferMs)
  const listed = await listTasks(world, {
    commands: command === undefined ? await allCommands(catalog) : [command],
    status,
    from: Math.min(from === undefined ? now - lookBackMs : Date.parse(from), until),
    // Until now: what is created while pages are read belongs to none of them.
    to: until,
    before: cursor === undefined ? undefined : readCursor(world.ids, bound, cursor),
    limit,
  })
  const tasks = listed.heads.map(showHead)
  return listed.next === undefined ? { tasks } : { tasks, cursor: writeCursor(world.ids, bound, listed.next) }
}

async function allCommands(catalog: Door['catalog']): Promise<readonly string[]> {
  const names = await catalog.names()
  if (names.length <= limits.listCommands) return names
  throw new ApiError('bad-request', `more than ${limits.listCommands} commands are registered: name one in ?command=`)
}

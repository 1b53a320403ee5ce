import { ApiError } from '#core/contract/errors'
import { CreatedWatchToken, SubjectWatchRequest, TaskWatchRequest, WatchTokenId } from '#core/contract/live'
import { TaskId } from '#core/contract/names'
import type { LiveDoor } from '#core/live/door'
import type { Subject } from '#core/live/scope'
import { createWatchToken, type NewToken } from '#core/live/token'
import { readHead } from '#core/tasks/move'
import { iso } from '#core/wire'
import type { World } from '#core/world'
import { json, noContent } from './answers.ts'
import { parseWith } from './field-issues.ts'
import { type Call, defineRoute, type Route } from './route.ts'

/**
 * Tokens with which somebody who cannot sign, a browser say, watches a task or a subject. Each is a permission of its
 * own: whoever may make one may hand on what he could read.
 */
export function watchRoutes(world: World, live: LiveDoor | undefined): readonly Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/tasks/{id}/watch-token',
      name: 'createTaskWatchToken',
      summary: 'A token with which a browser watches this task to its end',
      body: TaskWatchRequest,
      isBodyOptional: true,
      answer: { status: 201, schema: CreatedWatchToken },
      handle: async (call) => {
        const door = doorOf(live)
        const taskId = parseWith(TaskId, call.params.id, 'not-found')
        const head = await readHead(world, taskId)
        if (head === undefined) throw new ApiError('not-found', `there is no task ${taskId}, or its retention is over`)
        return answer(world, door, call, { kind: 'task', taskId, born: head.born })
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/watch-tokens',
      name: 'createWatchToken',
      summary: 'A token with which a browser watches all tasks of a user, an account or a correlation',
      body: SubjectWatchRequest,
      answer: { status: 201, schema: CreatedWatchToken },
      handle: async (call) => answer(world, doorOf(live), call, subjectOf(call.body)),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/watch-tokens/{id}',
      name: 'revokeWatchToken',
      summary: 'Take a token back, and close what is open with it',
      answer: { status: 204 },
      handle: async ({ params }) => {
        const id = parseWith(WatchTokenId, params.id, 'not-found')
        if (!(await doorOf(live).revoke(id))) {
          throw new ApiError('not-found', `there is no watch token ${id}, or it expired a while ago`)
        }
        return noContent()
      },
    }),
  ]
}

function doorOf(live: LiveDoor | undefined): LiveDoor {
  if (live !== undefined) return live
  throw new ApiError('not-offered', 'this hub has no live endpoint: look at the task with GET /v1/tasks/{id}?wait=20')
}

async function answer(
  world: World,
  live: LiveDoor,
  { principal: by, request, body }: Call<unknown, TaskWatchRequest>,
  scope: NewToken['scope'],
): Promise<Response> {
  const { view, expiresInSeconds } = body
  const { id, token, expiresAt } = await createWatchToken(world, {
    ...{ scope, view, expiresInSeconds, by },
    secret: live.newSecret(),
  })
  return json(201, { id, token, url: live.urlOf(request, token), expiresAt: iso(expiresAt) })
}

function subjectOf({ userId, accountId, correlationId }: SubjectWatchRequest): Subject {
  if (userId !== undefined) return { kind: 'user', value: userId }
  if (accountId !== undefined) return { kind: 'account', value: accountId }
  if (correlationId !== undefined) return { kind: 'correlation', value: correlationId }
  throw new Error('the schema takes no request without a subject')
}

import type { Step } from '../core/contract/steps.ts'
import type { Task } from '../core/contract/task.ts'
import { call, type Line } from './call.ts'
import { segment } from './submit.ts'
import { ulid } from './ulid.ts'

/** What is behind a task: its steps, its sub tasks, and signals to it. */

export interface SignalOptions {
  /** Your own id of it: the same id and name are one signal to a task, however often they are sent. By default a fresh one. */
  readonly id?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A signal that the hub has, and keeps until a step of the task waits for it. */
export interface SentSignal {
  readonly taskId: string
  readonly name: string
  readonly id: string
}

export interface ChildrenQuery {
  /** Where the page before ended. */
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TaskPage {
  readonly tasks: readonly Task[]
  readonly cursor?: string
}

export interface FlowCalls {
  /**
   * Sends a named event to a task, which a step of it takes by `ctx.waitForSignal`, now or later.
   *
   * @example await client.signal(task.id, 'approved', { by: 'Ada' }, { id: `approval-${order.id}` })
   */
  signal(id: string, name: string, data?: unknown, options?: SignalOptions): Promise<SentSignal>
  /** What the task remembers of its steps, and what it waits for, the oldest first. */
  steps(id: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly Step[]>
  /** The sub tasks of a task, step by step and in their order. A page may hold fewer than there were. */
  children(id: string, query?: ChildrenQuery): Promise<TaskPage>
  allChildren(id: string, query?: ChildrenQuery): AsyncGenerator<Task, void, undefined>
}

const pagesMost = 1_000_000

export function flowCalls(line: Line): FlowCalls {
  const path = (id: string, rest: string): string => `/v1/tasks/${segment(id)}/${rest}`

  const children = async (id: string, query: ChildrenQuery = {}): Promise<TaskPage> => {
    const { cursor, limit, signal } = query
    const asked = { cursor, limit: limit === undefined ? undefined : String(limit) }
    return (await call(line, { method: 'GET', path: path(id, 'children'), query: asked, signal })) as TaskPage
  }

  return {
    signal: async (id, name, data, { id: signalId, signal } = {}) => {
      // Without an id of the caller's own the key is the signal's, so that a try whose answer was lost is no second one.
      const headers = { 'idempotency-key': ulid(line.system) }
      const body = { data, id: signalId }
      const sent = await call(line, {
        method: 'POST',
        path: path(id, `signals/${segment(name)}`),
        headers,
        body,
        signal,
      })
      return sent as SentSignal
    },
    steps: async (id, { signal } = {}) => {
      const answer = await call(line, { method: 'GET', path: path(id, 'steps'), signal })
      return (answer as { readonly steps: readonly Step[] }).steps
    },
    children,
    allChildren: (id, query) => pagesOf((cursor) => children(id, { ...query, cursor }), query?.cursor),
  }
}

/** Every task of a list, page by page, as they are asked for. */
export async function* pagesOf(
  page: (cursor: string | undefined) => Promise<TaskPage>,
  from?: string,
): AsyncGenerator<Task, void, undefined> {
  let cursor = from
  for (let pages = 0; pages < pagesMost; pages++) {
    const { tasks, cursor: next } = await page(cursor)
    yield* tasks
    if (next === undefined) return
    cursor = next
  }
}

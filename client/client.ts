import type { SocketClass } from '../browser/types.ts'
import type { BulkOutput } from '../core/contract/bulk.ts'
import type { Payload } from '../core/contract/files.ts'
import type { LogPage } from '../core/contract/logs.ts'
import type { Json } from '../core/contract/names.ts'
import type { TaskPatch } from '../core/contract/new-task.ts'
import type { Task } from '../core/contract/task.ts'
import type { PutWorker, WorkerView } from '../core/contract/workers.ts'
import { withApart } from './apart.ts'
import { defaultPatience } from './backoff.ts'
import { type Call, call, type Line } from './call.ts'
import type { Contract, EndedTask, InputOf, OutputOf, TaskOf, TaskToSubmit } from './contract.ts'
import { type ConnectionOptions, resolveConnection } from './credentials.ts'
import { type Download, type DownloadOptions, download } from './download.ts'
import { TaskuraiError } from './error.ts'
import { type FlowCalls, flowCalls, pagesOf, type TaskPage } from './flow.ts'
import { type LiveCalls, liveCalls } from './live.ts'
import { fetchStreams, httpStreams } from './stream-transport.ts'
import { type BatchOptions, type SubmitOptions, segment, submitMany, submitOne } from './submit.ts'
import { realSystem, type System } from './system.ts'
import { type Bulk, type BulkOptions, bulkBody, listQuery, type TaskQuery } from './task-query.ts'
import { fetchTransport, httpTransport } from './transport.ts'
import { ulid } from './ulid.ts'
import { type UploadOptions, type UploadSource, upload } from './upload.ts'
import { type GetOptions, getTask, hasEnded, type WaitOptions, waitForEnd } from './wait.ts'

export interface ClientOptions extends ConnectionOptions, Partial<System> {
  /** Instead of the client's own connections: a proxy, another agent, an app in this process. */
  readonly fetch?: typeof globalThis.fetch
  /** What `watch` connects with where the runtime has none of its own, as Node 20: the package `ws` will do. */
  readonly WebSocket?: SocketClass
  /** How often one call is tried at most (6), and for how long in all (60 seconds). */
  readonly tries?: number
  readonly totalSeconds?: number
  readonly tryTimeoutSeconds?: number
}

export interface LogsQuery {
  /** Where the page before ended. */
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RegisteredCommand {
  readonly name: string
  readonly version: number
  readonly worker: string
  readonly [field: string]: unknown
}

type Patch = Omit<TaskPatch, 'startAfter' | 'notStartAfter'> & {
  readonly startAfter?: TaskPatch['startAfter'] | Date
  readonly notStartAfter?: TaskPatch['notStartAfter'] | Date
}

interface Reasoned {
  readonly reason?: string
}

export interface Client extends FlowCalls, LiveCalls {
  /** Accepts a task. Typed by a contract, or by the bare name of a command. */
  submit<C extends Contract>(
    contract: C,
    ...rest: undefined extends InputOf<C>
      ? [input?: InputOf<C>, options?: SubmitOptions]
      : [input: InputOf<C>, options?: SubmitOptions]
  ): Promise<TaskOf<OutputOf<C>>>
  submit(command: string, input?: unknown, options?: SubmitOptions): Promise<Task>
  /**
   * Accepts any number of tasks and answers their ids, in order. Tasks with a `ref` may be named by others in `dependsOn`;
   * such a batch goes in one request, 500 tasks at most.
   */
  submitBatch(tasks: readonly TaskToSubmit[], options?: BatchOptions): Promise<readonly string[]>
  get(id: string, options?: GetOptions): Promise<Task>
  /** Resolves with the ended task, however it ended; typed when given what `submit` returned. */
  wait<Output = Json>(task: string | TaskOf<Output>, options?: WaitOptions): Promise<EndedTask<Output>>
  list(query?: TaskQuery): Promise<TaskPage>
  listAll(query?: TaskQuery): AsyncGenerator<Task, void, undefined>
  /** What the task's runs logged, oldest first; asked again with its cursor, what came since. */
  logs(id: string, query?: LogsQuery): Promise<LogPage>
  /** Sends a file, from a path or its bytes. A new task names it: `files: [{ name, payload: payload.id }]`. */
  upload(source: UploadSource, options?: Pick<UploadOptions, 'contentType' | 'signal'>): Promise<Payload>
  /** A file of a task, of those it came with or of its result. */
  download(taskId: string, name: string, options?: DownloadOptions): Promise<Download>
  patch(id: string, patch: Patch): Promise<Task>
  /** Deletes an ended task. */
  remove(id: string): Promise<void>
  cancel(id: string, why?: Reasoned): Promise<Task>
  /** Runs a failed, canceled or expired task again. */
  retry(id: string, why?: Reasoned): Promise<Task>
  /** Cancels, retries or erases all tasks that the filter finds. Answers a task of its own, to be waited for as any. */
  bulk(request: Bulk, options?: BulkOptions): Promise<TaskOf<BulkOutput>>
  workers(): Promise<readonly WorkerView[]>
  worker(name: string): Promise<WorkerView>
  putWorker(name: string, worker: PutWorker): Promise<WorkerView>
  pause(worker: string, why?: Reasoned): Promise<WorkerView>
  resume(worker: string): Promise<WorkerView>
  commands(): Promise<readonly RegisteredCommand[]>
  health(): Promise<Readonly<Record<string, unknown>>>
  openapi(): Promise<Readonly<Record<string, unknown>>>
}

/**
 * A client of one hub. Endpoint, keys and region come from the options, else from the usual variables and files.
 *
 * @example
 * const client = createClient()
 * const task = await client.submit(orderConfirm, order, { externalId: order.id })
 * const { status, result } = await client.wait(task)
 */
export function createClient(options: ClientOptions = {}): Client {
  const resolved = resolveConnection(options)
  if (!resolved.ok) throw new TaskuraiError({ code: 'no-connection', detail: resolved.message })
  return clientOn(lineOf(resolved.connection, options))
}

export function lineOf(connection: Line['connection'], options: ClientOptions): Line {
  // Whoever brings a fetch of his own has a reason: his hub may not be there for anybody else.
  const ownSockets = (globalThis as { WebSocket?: SocketClass }).WebSocket
  const socketClass = options.WebSocket ?? (options.fetch === undefined ? ownSockets : undefined)
  const { now = realSystem.now, chance = realSystem.chance, pause = realSystem.pause } = options
  const {
    tries = defaultPatience.tries,
    totalSeconds = defaultPatience.totalMs / 1_000,
    tryTimeoutSeconds = 10,
  } = options
  return {
    connection,
    transport: options.fetch === undefined ? httpTransport() : fetchTransport(options.fetch),
    streams: options.fetch === undefined ? httpStreams() : fetchStreams(options.fetch),
    socketClass,
    system: { now, chance, pause },
    patience: { tries, totalMs: totalSeconds * 1_000 },
    tryTimeoutSeconds,
  }
}

export function clientOn(line: Line): Client {
  // The one place where an answer gets its type: the hub answers what the contract says, and is not checked again.
  const ask = async <T>(request: Call): Promise<T> => (await call(line, request)) as T
  const task = (id: string, verb = ''): string => `/v1/tasks/${segment(id)}${verb}`
  const worker = (name: string, verb = ''): string => `/v1/workers/${segment(name)}${verb}`

  function submit<C extends Contract>(
    contract: C,
    input?: InputOf<C>,
    options?: SubmitOptions,
  ): Promise<TaskOf<OutputOf<C>>>
  function submit(command: string, input?: unknown, options?: SubmitOptions): Promise<Task>
  async function submit(what: string | Contract, input?: unknown, options?: SubmitOptions): Promise<unknown> {
    // The same key again may answer a task that has ended.
    return withApart(line, (await submitOne(line, what, input, options)) as Task, options?.signal)
  }

  const list = (query: TaskQuery = {}): Promise<TaskPage> =>
    ask({ method: 'GET', path: '/v1/tasks', query: listQuery(query), signal: query.signal })

  return {
    ...flowCalls(line),
    ...liveCalls(line),
    submit,
    submitBatch: (tasks, options) => submitMany(line, tasks, options),
    get: async (id, options) => withApart(line, (await getTask(line, id, options)) as Task, options?.signal),
    wait: async <Output>(waited: string | TaskOf<Output>, options: WaitOptions = {}) => {
      const ended = await waitForEnd(line, typeof waited === 'string' ? waited : waited.id, options)
      return (await withApart(line, ended, options.signal)) as EndedTask<Output>
    },
    upload: (source, options) => upload(line, source, options),
    download: (taskId, name, options) => download(line, taskId, name, options),
    list,
    listAll: (query = {}) =>
      pagesOf((cursor) => list({ ...query, ...(cursor === undefined ? {} : { cursor }) }), query.cursor),
    logs: (id, { cursor, limit, signal } = {}) => {
      const query = { cursor, limit: limit === undefined ? undefined : String(limit) }
      return ask({ method: 'GET', path: task(id, '/logs'), query, signal })
    },
    patch: (id, patch) => ask({ method: 'PATCH', path: task(id), body: patch }),
    remove: async (id) => {
      try {
        await ask({ method: 'DELETE', path: task(id) })
      } catch (error) {
        if (!isEcho(error, 'not-found')) throw error
      }
    },
    cancel: (id, why = {}) => ask({ method: 'POST', path: task(id, '/cancel'), body: why }),
    retry: async (id, why = {}) => {
      try {
        return await ask<Task>({ method: 'POST', path: task(id, '/retry'), body: why })
      } catch (error) {
        if (!isEcho(error, 'conflict')) throw error
        const standing = await ask<Task>({ method: 'GET', path: task(id) })
        if (hasEnded(standing)) throw error
        return standing
      }
    },
    workers: async () =>
      (await ask<{ workers: readonly WorkerView[] }>({ method: 'GET', path: '/v1/workers' })).workers,
    worker: (name) => ask({ method: 'GET', path: worker(name) }),
    putWorker: (name, put) => ask({ method: 'PUT', path: worker(name), body: put }),
    pause: (name, why = {}) => ask({ method: 'POST', path: worker(name, '/pause'), body: why }),
    resume: (name) => ask({ method: 'POST', path: worker(name, '/resume'), body: {} }),
    bulk: (request, options = {}) => {
      const headers = { 'idempotency-key': options.idempotencyKey ?? ulid(line.system) }
      return ask({ method: 'POST', path: '/v1/bulk', body: bulkBody(request), headers, signal: options.signal })
    },
    commands: async () =>
      (await ask<{ commands: readonly RegisteredCommand[] }>({ method: 'GET', path: '/v1/commands' })).commands,
    health: () => ask({ method: 'GET', path: '/healthz', isUnsigned: true }),
    openapi: () => ask({ method: 'GET', path: '/v1/openapi.json' }),
  }
}

/** The refusal that a call meets when its own first try was carried out and only the answer was lost. */
function isEcho(error: unknown, code: TaskuraiError['code']): boolean {
  return error instanceof TaskuraiError && error.code === code && error.mayBeDone
}

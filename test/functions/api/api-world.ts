import type { Json } from '#core/contract/names'
import type { TaskResult } from '#core/contract/task'
import { taskIdOf } from '#core/keys'
import type { TaskLogs } from '#core/ports'
import { claim } from '#core/tasks/claim'
import { endRun } from '#core/tasks/end-run'
import { type Api, type ApiOptions, createApi } from '#functions/api/app'
import { createCatalog } from '#functions/api/catalog'
import { createRegisterWorker } from '#functions/api/register-worker'
import { react } from '#functions/reactor/reactor'
import { createWorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'

/** A hub's door over memory: an API that lets everybody in, unless a test says otherwise. */
export interface ApiWorld {
  readonly world: MemoryWorld
  readonly api: Api
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
  readonly putWorker: (name: string, commands: readonly Record<string, unknown>[]) => Promise<Answer>
  /** Lets the reactor see every change so far, so that lists know of the tasks. */
  readonly settle: () => Promise<void>
  /** Takes the next queued task of the worker and ends it well. */
  readonly runNext: (worker: string, result?: TaskResult) => Promise<string>
  readonly listeners: () => number
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The parsed body; undefined when there was none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
  readonly json: any
}

const text = { type: 'string' }
export const orderInput = {
  type: 'object',
  properties: { orderId: text, customer: { type: 'object', properties: { email: text }, required: ['email'] } },
  required: ['orderId'],
  additionalProperties: false,
}

export interface ApiWorldOptions extends Partial<ApiOptions> {
  readonly taskLogs?: TaskLogs
}

export async function createApiWorld({ taskLogs, ...options }: ApiWorldOptions = {}): Promise<ApiWorld> {
  const world = Object.assign(createMemoryWorld(), taskLogs === undefined ? {} : { taskLogs })
  const events = createEvents(world)
  const catalog = createCatalog(world)
  const api = createApi({
    world,
    catalog,
    workerCalls: createWorkerCalls(world, createRegisterWorker({ world, catalog })),
    authorize: () => ({ ok: true, principal: 'tester', allows: () => true }),
    events,
    ...options,
  })
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    answerOf(await api.fetch(requestOf(method, path, body, headers)))
  const apiWorld: ApiWorld = {
    world,
    api,
    call,
    putWorker: (name, commands) => call('PUT', `/v1/workers/${name}`, { manifest: { name, commands } }),
    settle: createSettle(world),
    runNext: (worker, result) => runNext(world, worker, result),
    listeners: events.count,
  }
  return apiWorld
}

/** The same with the worker `orders` and its command `order.confirm`. */
export async function createOrdersWorld(options: Partial<ApiOptions> = {}): Promise<ApiWorld> {
  const apiWorld = await createApiWorld(options)
  const answer = await apiWorld.putWorker('orders', [{ name: 'order.confirm', input: orderInput }, { name: 'free' }])
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.json))
  return apiWorld
}

export function order(orderId = 'o-1'): { command: string; arguments: Json } {
  return { command: 'order.confirm', arguments: { orderId } }
}

function requestOf(method: string, path: string, body: unknown, headers: Record<string, string>): Request {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const sent = body === undefined || isRaw ? body : JSON.stringify(body)
  const type: Record<string, string> = sent === undefined ? {} : { 'content-type': 'application/json' }
  const init = { method, headers: { ...type, ...headers } }
  return new Request(`http://hub${path}`, sent === undefined ? init : { ...init, body: sent as string })
}

async function answerOf(response: Response): Promise<Answer> {
  const body = await response.text()
  return { status: response.status, headers: response.headers, json: body === '' ? undefined : JSON.parse(body) }
}

function createSettle(world: MemoryWorld): () => Promise<void> {
  let cursor: string | undefined
  return async () => {
    const page = await world.memory.feed.read(cursor, 10_000)
    cursor = page.cursor
    await react(world, { nudgeScaler: () => undefined }, page.changes)
  }
}

function createEvents(world: MemoryWorld): ApiOptions['events'] & { readonly count: () => number } {
  const listeners = new Map<string, Set<() => void>>()
  let cursor: string | undefined
  world.memory.feed.onChange(() => {
    void world.memory.feed.read(cursor, 10_000).then((page) => {
      cursor = page.cursor
      for (const { pk } of page.changes) for (const listener of listeners.get(taskIdOf(pk)) ?? []) listener()
    })
  })
  return {
    count: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
    onTask: (taskId, listener) => {
      const own = listeners.get(taskId) ?? new Set()
      listeners.set(taskId, own.add(listener))
      return () => own.delete(listener)
    },
  }
}

async function runNext(world: MemoryWorld, worker: string, result: TaskResult | undefined): Promise<string> {
  const holdMs = 60_000
  const [received] = await world.queue.receive({ worker, max: 1, holdMs, waitMs: 0 })
  if (received === undefined) throw new Error(`no bell for ${worker}`)
  const run = `run-${received.receipt}`
  const outcome = await claim(world, { received, holdMs, instance: 'i-1', run, accepts: () => true })
  if (outcome.kind !== 'run') throw new Error(`the bell said ${outcome.kind}`)
  await endRun(world, { taskId: outcome.head.id, run, end: { kind: 'succeed', result } })
  return outcome.head.id
}

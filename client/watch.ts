import { eachNoted, WatchRefusedError } from '../browser/each-state.ts'
import type { SocketClass, WatchState } from '../browser/types.ts'
import type { Task } from '../core/contract/task.ts'
import { withApart } from './apart.ts'
import type { Line } from './call.ts'
import { TaskuraiError } from './error.ts'
import { looks } from './looks.ts'
import type { System } from './system.ts'
import { getTask, hasEnded } from './wait.ts'
import { createWatchToken } from './watch-tokens.ts'

/**
 * A task as it moves. Over a connection that the hub pushes to, where the runtime has WebSockets, the hub offers them
 * and the caller may ask for a token; else by looks, one after another. Which of the two it is shows in nothing but how
 * soon a change is seen.
 */

export interface WatchTaskOptions {
  /** Watches for so long at most, and then ends, though the task goes on. Without it, until the task ends. */
  readonly waitSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const waitSecondsMost = 366 * 86_400
const tokenSeconds = 3_600
/** A task that takes months outlives its tokens. */
const tokensMost = 100_000
const pauseMsMost = 5_000
/** A connection that is not back by then is not waited for: looks say why the hub cannot be reached. */
const lostMsMost = 15_000
/** Timers take no more, and no process watches one task for longer. */
const timerMsMost = 2 ** 31 - 1

export async function* watchStates(
  line: Line,
  id: string,
  options: WatchTaskOptions = {},
): AsyncGenerator<Task, void, undefined> {
  const { waitSeconds = waitSecondsMost, signal } = options
  const until = line.system.now() + waitSeconds * 1_000
  const apart = createApart(line, signal)
  let shown: string | undefined
  let readAt = ''
  for await (const { task, isRead } of statesOf({ line, id, until, signal })) {
    // What was read may be ahead of what the connection tells next.
    if (!isRead && !hasEnded(task) && task.modifiedAt < readAt) continue
    if (isRead) readAt = task.modifiedAt
    const text = JSON.stringify(task)
    if (text !== shown) yield await apart(task)
    shown = text
    if (hasEnded(task)) return
  }
}

interface StatesAsk {
  readonly line: Line
  readonly id: string
  readonly until: number
  readonly signal: AbortSignal | undefined
}

interface State {
  readonly task: Task
  /** Asked for, not told. */
  readonly isRead: boolean
}

async function* statesOf(ask: StatesAsk): AsyncGenerator<State, void, undefined> {
  if (ask.line.socketClass !== undefined) {
    const first = await read(ask)
    yield { task: first, isRead: true }
    if (!hasEnded(first)) yield* pushed(ask, ask.line.socketClass)
    if (hasEnded(first) || ask.line.system.now() >= ask.until) return
  }
  for await (const task of looks({ ...ask, pauseMsMost })) yield { task, isRead: true }
}

async function read({ line, id, signal }: StatesAsk): Promise<Task> {
  return (await getTask(line, id, signal === undefined ? {} : { signal })) as Task
}

/** Comes to its end without the task's, where there is nothing to be had this way. */
async function* pushed(ask: StatesAsk, socketClass: SocketClass): AsyncGenerator<State, void, undefined> {
  const { line, until, signal } = ask
  for (let tokens = 0; tokens < tokensMost; tokens++) {
    const leftMs = until - line.system.now()
    if (leftMs <= 0) return
    const url = await addressOf(ask, Math.min(tokenSeconds, Math.ceil(leftMs / 1_000)))
    if (url === undefined) return
    const enough = createEnough(line.system, leftMs)
    const either = signal === undefined ? enough.signal : AbortSignal.any([enough.signal, signal])
    try {
      const options = { WebSocket: socketClass, signal: either, onState: enough.look }
      for await (const { task, omitted } of eachNoted<Task>(url, options)) {
        yield omitted.length === 0 ? { task, isRead: false } : { task: await read(ask), isRead: true }
      }
      return
    } catch (error) {
      signal?.throwIfAborted()
      if (enough.signal.aborted) return
      if (!(error instanceof WatchRefusedError)) throw error
      if (error.code !== 'token-expired') return
    } finally {
      enough.stop()
    }
  }
}

/** Undefined where this hub does not have it, or this caller's key may not ask for it: there are looks. */
async function addressOf({ line, id, signal }: StatesAsk, expiresInSeconds: number): Promise<string | undefined> {
  try {
    return (await createWatchToken(line, id, { view: 'full', expiresInSeconds, signal })).url
  } catch (error) {
    if (error instanceof TaskuraiError) return undefined
    throw error
  }
}

/** Aborts when the time of the watch is over, and when its connection has been away for too long. */
function createEnough({ pause }: System, leftMs: number) {
  const enough = new AbortController()
  const timers = new Map<'watch' | 'connection', AbortController>()
  const set = (name: 'watch' | 'connection', ms: number): void => {
    if (timers.has(name) || ms > timerMsMost) return
    const timer = new AbortController()
    timers.set(name, timer)
    pause(ms, timer.signal).then(
      () => enough.abort(),
      () => undefined,
    )
  }
  const clear = (name: 'watch' | 'connection'): void => {
    timers.get(name)?.abort()
    timers.delete(name)
  }
  set('watch', leftMs)
  return {
    signal: enough.signal,
    look: (state: WatchState): void => {
      if (state === 'connecting' || state === 'reconnecting') set('connection', lostMsMost)
      else clear('connection')
    },
    stop: (): void => {
      clear('watch')
      clear('connection')
    },
  }
}

/** What lies apart in its place: the arguments are fetched once, however often the task moves. */
function createApart(line: Line, signal: AbortSignal | undefined): (task: Task) => Promise<Task> {
  let held: Task | undefined
  return async (task) => {
    if (task.argumentsApart !== true || held === undefined) {
      const whole = await withApart(line, task, signal)
      if (task.argumentsApart === true) held = whole
      return whole
    }
    const { argumentsApart: _, ...rest } = task
    return withApart(line, { ...rest, arguments: held.arguments }, signal)
  }
}

import { type Machine, realMachine } from './machine.ts'
import { createNewest } from './newest.ts'
import { failuresMost, longPauseMs, pauseMs, unopenedMost } from './pauses.ts'
import { readMessage } from './read-message.ts'
import type { Socket, SocketClass, Watch, WatchOptions, WatchState, WatchTrouble } from './types.ts'

/**
 * One watch: a connection, and the next one after it, until the task ends, the hub refuses, or nobody wants it any more.
 *
 * 1. A connection begins with the state as it is, so one that was lost is made good by the next.
 * 2. A state that is not newer than the last one seen is dropped: what was told twice, or late, changes nothing.
 * 3. It is asked now and then whether anybody is there, and whenever the page comes back: a dead connection tells nothing.
 */

/** API Gateway closes what says nothing for ten minutes. */
const pingEveryMs = 240_000
const pongMostMs = 10_000
const openMostMs = 15_000
/** The state comes by itself. Where it did not, it is asked for. */
const firstStateMs = 2_000
const lostCode = 4000
/** A token that is no longer good, where the message that says so was lost. */
const refusedCloseCode = 4403

const refusedForGood: ReadonlySet<string> = new Set(['token-expired', 'token-revoked'])
const refusedForNow: ReadonlySet<string> = new Set(['too-many', 'noisy'])

const unopened: WatchTrouble = {
  code: 'unopened',
  detail: 'the connection could not be opened: the token is not good any more, or the hub is away',
}

export function openWatch<Seen>(url: string, options: WatchOptions<Seen>, machine: Machine = realMachine): Watch {
  const Class = options.WebSocket ?? (globalThis as { WebSocket?: SocketClass }).WebSocket
  if (Class === undefined) throw new Error('There is no WebSocket here: pass one as the option WebSocket.')
  const isNewer = createNewest()
  const timers = new Map<string, () => void>()
  let state: WatchState | undefined
  let socket: Socket | undefined
  let isOver = false
  let wasLive = false
  let failures = 0
  let trouble: WatchTrouble | undefined

  const callOff = (name: string): void => {
    timers.get(name)?.()
    timers.delete(name)
  }
  const after = (name: string, ms: number, act: () => void): void => {
    callOff(name)
    timers.set(
      name,
      machine.after(ms, () => {
        timers.delete(name)
        act()
      }),
    )
  }
  const enter = (next: WatchState): void => {
    if (state === next) return
    state = next
    options.onState?.(next, next === 'live' ? undefined : trouble)
  }

  const connect = (): void => {
    callOff('retry')
    const opened = new Class(url)
    socket = opened
    opened.onopen = () => {
      if (socket !== opened) return
      ask('ping')
      after('first', firstStateMs, () => say('start'))
    }
    opened.onmessage = ({ data }: { readonly data: unknown }) => {
      if (socket === opened) hear(data)
    }
    opened.onclose = ({ code }: { readonly code: number }) => {
      if (socket === opened) lose(code)
    }
    // What failed is told by the close that follows.
    opened.onerror = () => undefined
    after('answer', openMostMs, giveUp)
  }

  const say = (type: 'ping' | 'start'): void => socket?.send(JSON.stringify({ type }))
  const ask = (type: 'ping'): void => {
    say(type)
    after('answer', pongMostMs, giveUp)
    after('ping', pingEveryMs, () => ask(type))
  }

  const hear = (data: unknown): void => {
    const message = readMessage<Seen>(data)
    if (message === undefined) return
    if (message.type === 'refused') {
      trouble = { code: message.code, detail: message.detail }
      if (refusedForGood.has(message.code)) finish('refused')
      return
    }
    callOff('answer')
    wasLive = true
    failures = 0
    trouble = undefined
    enter('live')
    if (message.type === 'end') return finish('ended')
    if (message.type !== 'task') return
    callOff('first')
    const { task, version, omitted = [] } = message
    if (isNewer(task.id, version)) options.onTask(task, { version, omitted })
  }

  /** A connection that is dead takes its time to close: it is not waited for. */
  const giveUp = (): void => {
    const dead = socket
    lose(lostCode)
    dead?.close(lostCode)
  }

  const lose = (code: number): void => {
    socket = undefined
    for (const name of [...timers.keys()]) callOff(name)
    if (code === refusedCloseCode) return finish('refused')
    // Without a network nothing was refused.
    if (machine.isOnline()) failures++
    const isToldToReturn = trouble !== undefined
    if (failures >= (wasLive || isToldToReturn ? failuresMost : unopenedMost)) return finish('refused')
    const isPressed = trouble !== undefined && refusedForNow.has(trouble.code)
    const chance = machine.chance()
    after('retry', isPressed ? longPauseMs(chance) : pauseMs(Math.max(1, failures), chance), connect)
    enter(wasLive ? 'reconnecting' : 'connecting')
  }

  const end = (): void => {
    isOver = true
    stopListening()
    for (const name of [...timers.keys()]) callOff(name)
    const open = socket
    socket = undefined
    open?.close(1000)
  }

  const finish = (last: 'ended' | 'refused'): void => {
    end()
    if (last === 'refused') trouble ??= unopened
    enter(last)
    if (last === 'ended') options.onEnd?.()
  }

  const stopListening = machine.onReturn(() => {
    if (timers.has('retry')) connect()
    else if (!timers.has('answer') && socket !== undefined) ask('ping')
  })
  try {
    connect()
  } catch (error) {
    stopListening()
    throw error
  }
  enter('connecting')
  return {
    stop: () => {
      if (!isOver) end()
    },
  }
}

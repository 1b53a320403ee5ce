import type { WebSocket } from 'ws'
import { limits } from '#core/contract/limits'
import { type CloseReason, closeCodes } from '#core/contract/live'
import { type Outgoing, refusalText, type SendOutcome, type Sockets } from '#functions/live/sockets'

/**
 * The open connections of the embedded hub. A send never waits: what a slow watcher does not take is held as the newest
 * state of each task, and one that stays slow is dropped. One timer looks after all of them: dead peers, slow ones, and
 * those whose time is over.
 */

export interface LiveTimes {
  readonly pingEveryMs: number
  /** Who took nothing for so long is dropped. */
  readonly slowMostMs: number
  readonly lookEveryMs: number
}

export const liveTimes: LiveTimes = { pingEveryMs: 30_000, slowMostMs: 30_000, lookEveryMs: 1_000 }

interface Watcher {
  readonly socket: WebSocket
  readonly expiry: { readonly atMs: number; readonly reason: 'token-expired' | 'lifetime-over' }
  /** What waits behind the bytes on their way, by what it is about. */
  readonly waiting: Map<string, string>
  slowSinceMs: number | undefined
  pingAtMs: number
  /** It has answered since it was last asked. */
  isAlive: boolean
  closing: CloseReason | undefined
}

export interface NewWatcher {
  readonly id: string
  readonly socket: WebSocket
  readonly expiresAtMs: number
  readonly expiryReason: 'token-expired' | 'lifetime-over'
}

export class LiveSockets implements Sockets {
  readonly #watchers = new Map<string, Watcher>()
  readonly #times: LiveTimes
  /** Epoch ms. */
  readonly #now: () => number
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(now: () => number, times: LiveTimes = liveTimes) {
    this.#now = now
    this.#times = times
  }

  get size(): number {
    return this.#watchers.size
  }

  add({ id, socket, expiresAtMs, expiryReason }: NewWatcher): void {
    const watcher: Watcher = {
      socket,
      expiry: { atMs: expiresAtMs, reason: expiryReason },
      waiting: new Map(),
      slowSinceMs: undefined,
      pingAtMs: this.#now() + this.#times.pingEveryMs,
      isAlive: true,
      closing: undefined,
    }
    this.#watchers.set(id, watcher)
    socket.on('pong', () => {
      watcher.isAlive = true
    })
    // Answered here and not by itself: whoever asks without end and reads nothing would fill our memory with answers.
    socket.on('ping', (data) => {
      if (socket.bufferedAmount < limits.watcherBytes) socket.pong(data)
    })
    socket.on('close', () => this.#remove(id))
    this.#timer ??= setInterval(() => this.#lookAtAll(), this.#times.lookEveryMs)
  }

  send = (id: string, message: Outgoing): SendOutcome => {
    const watcher = this.#watchers.get(id)
    if (watcher === undefined || watcher.closing !== undefined || !isConnected(watcher)) return 'gone'
    if (watcher.waiting.size === 0 && watcher.socket.bufferedAmount < limits.watcherBytes) {
      this.#write(watcher, message.text)
      return 'sent'
    }
    const about = message.about ?? message.text
    if (watcher.waiting.size >= limits.watcherTasks && !watcher.waiting.has(about)) {
      watcher.socket.terminate()
      return 'gone'
    }
    watcher.slowSinceMs ??= this.#now()
    // Taken out and put in again, so that what is said last stands last: an end comes after its task.
    watcher.waiting.delete(about)
    watcher.waiting.set(about, message.text)
    return 'sent'
  }

  /** After what waits. */
  close = (id: string, reason: CloseReason): void => {
    const watcher = this.#watchers.get(id)
    if (watcher === undefined || watcher.closing !== undefined) return
    watcher.closing = reason
    this.#flush(watcher)
  }

  isOpen = (id: string): boolean => this.#watchers.has(id)

  /** Says goodbye to all, and waits a moment for it to be heard. */
  async closeAll(mostMs: number): Promise<void> {
    for (const [id, { socket }] of this.#watchers) {
      socket.send(refusalText('hub-stopping'))
      this.close(id, 'hub-stopping')
    }
    const endsAt = this.#now() + mostMs
    while (this.#watchers.size > 0 && this.#now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 10))
    for (const { socket } of this.#watchers.values()) socket.terminate()
  }

  #write(watcher: Watcher, text: string): void {
    watcher.socket.send(text, () => {
      if (watcher.waiting.size > 0) this.#flush(watcher)
    })
  }

  #flush(watcher: Watcher): void {
    for (const [about, text] of watcher.waiting) {
      if (watcher.socket.bufferedAmount >= limits.watcherBytes) return
      watcher.waiting.delete(about)
      this.#write(watcher, text)
    }
    watcher.slowSinceMs = undefined
    if (watcher.closing !== undefined) watcher.socket.close(closeCodes[watcher.closing], watcher.closing)
  }

  #lookAtAll(): void {
    const now = this.#now()
    for (const [id, watcher] of this.#watchers) this.#lookAt(id, watcher, now)
  }

  #lookAt(id: string, watcher: Watcher, now: number): void {
    const { socket, expiry, slowSinceMs } = watcher
    if (slowSinceMs !== undefined && now - slowSinceMs >= this.#times.slowMostMs) return socket.terminate()
    if (expiry.atMs <= now && watcher.closing === undefined) {
      this.send(id, { text: refusalText(expiry.reason) })
      return this.close(id, expiry.reason)
    }
    if (watcher.pingAtMs > now) return
    if (!watcher.isAlive) return socket.terminate()
    watcher.isAlive = false
    watcher.pingAtMs = now + this.#times.pingEveryMs
    socket.ping()
  }

  #remove(id: string): void {
    this.#watchers.delete(id)
    if (this.#watchers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function isConnected({ socket }: Watcher): boolean {
  return socket.readyState === socket.OPEN
}

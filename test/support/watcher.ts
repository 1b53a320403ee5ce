import { WebSocket } from 'ws'
import type { Task } from '#core/contract/task'
import { until } from './until.ts'

/** A plain socket on the address of a watch token: it says nothing and keeps what it is told. */

export interface HeardMessage {
  readonly type: string
  readonly task?: Task
  readonly version?: string
  readonly code?: string
  /** Epoch ms at which it came. */
  readonly atMs: number
}

export interface Watcher extends Disposable {
  readonly messages: readonly HeardMessage[]
  /** Of the states as a watcher is to take them: what is told twice, or late, counts once. */
  readonly statuses: () => readonly string[]
  /** Waits for a message, also one that came already. */
  readonly seen: (what: string, is: (message: HeardMessage) => boolean, mostMs?: number) => Promise<HeardMessage>
  /** Its close code. */
  readonly closed: Promise<number>
  readonly say: (text: string) => void
}

/** Rejects with the status of the answer where it is not let in. */
export async function openWatcher(url: string): Promise<Watcher> {
  const socket = new WebSocket(url)
  const messages: HeardMessage[] = []
  socket.on('message', (data) => void messages.push({ ...JSON.parse(data.toString()), atMs: Date.now() }))
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.on('error', reject)
  })
  return {
    messages,
    closed,
    statuses: () => newer(messages).map(({ status }) => status),
    seen: (what, is, mostMs) => until(what, () => messages.find(is), mostMs),
    say: (text) => socket.send(text),
    [Symbol.dispose]: () => socket.terminate(),
  }
}

function newer(messages: readonly HeardMessage[]): readonly Task[] {
  const versions = new Map<string, string>()
  return messages.flatMap(({ task, version = '' }) => {
    if (task === undefined || version <= (versions.get(task.id) ?? '')) return []
    versions.set(task.id, version)
    return [task]
  })
}

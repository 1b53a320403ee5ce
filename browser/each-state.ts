import { openWatch } from './connection.ts'
import type { Machine } from './machine.ts'
import type { SocketClass, TaskNote, TaskOutline, WatchOptions, WatchTrouble } from './types.ts'

export interface EachStateOptions {
  readonly signal?: AbortSignal | undefined
  readonly onState?: WatchOptions['onState']
  readonly WebSocket?: SocketClass | undefined
}

/** The hub does not take this address any more: a new one is needed. */
export class WatchRefusedError extends Error {
  readonly code: WatchTrouble['code']

  constructor({ code, detail }: WatchTrouble) {
    super(detail)
    this.name = 'WatchRefusedError'
    this.code = code
  }
}

export interface Noted<Seen> extends TaskNote {
  readonly task: Seen
}

/** Of so many tasks a state waits for who asks for them; past that the oldest is dropped, as its next one follows. */
const waitingMost = 1_000

/** As `eachState`, with what belongs to each state. */
export async function* eachNoted<Seen extends { readonly id: string } = TaskOutline>(
  url: string,
  { signal, onState, WebSocket }: EachStateOptions = {},
  machine?: Machine,
): AsyncGenerator<Noted<Seen>, void, undefined> {
  signal?.throwIfAborted()
  const waiting = new Map<string, Noted<Seen>>()
  let wake = (): void => undefined
  let isEnded = false
  let refused: WatchTrouble | undefined
  const watch = openWatch<Seen>(
    url,
    {
      WebSocket,
      onTask: (task, note) => {
        waiting.set(task.id, { task, ...note })
        const [oldest] = waiting.keys()
        if (waiting.size > waitingMost && oldest !== undefined) waiting.delete(oldest)
        wake()
      },
      onState: (state, trouble) => {
        if (state === 'ended') isEnded = true
        if (state === 'refused') refused = trouble
        onState?.(state, trouble)
        wake()
      },
    },
    machine,
  )
  const onAbort = (): void => wake()
  signal?.addEventListener('abort', onAbort)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const [oldest] = waiting.values()
      if (oldest !== undefined) {
        waiting.delete(oldest.task.id)
        yield oldest
        continue
      }
      if (isEnded) return
      if (refused !== undefined) throw new WatchRefusedError(refused)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    watch.stop()
  }
}

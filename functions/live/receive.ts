import { limits } from '#core/contract/limits'
import { WatcherMessage } from '#core/contract/live'
import { readConnection } from '#core/live/connections'
import type { LiveParts } from './deliver.ts'
import { sendFirstStates } from './first-states.ts'
import { refuse, textOf } from './sockets.ts'

/** What watchers say: next to nothing. Whatever is not understood is passed over. */
export type ReceiveFrame = (connectionId: string, text: string) => Promise<void>

export function createReceive(parts: LiveParts): ReceiveFrame {
  const framesOf = createCount(parts.world.clock.monotonicMs)
  return async (connectionId, text) => {
    const frames = framesOf(connectionId)
    // Told once: what was on its way behind it is passed over.
    if (frames > limits.watchFramesPerSecond + 1) return
    const isTooMuch = frames > limits.watchFramesPerSecond || text.length > limits.watchFrameBytes
    if (isTooMuch) return refuse(parts.sockets, connectionId, 'noisy')
    switch (read(text)) {
      case 'ping':
        await parts.sockets.send(connectionId, { text: textOf({ type: 'pong' }) })
        return
      case 'start': {
        const connection = await readConnection(parts.world, connectionId)
        if (connection !== undefined) await sendFirstStates(parts, connection)
        return
      }
      case undefined:
        return
    }
  }
}

function read(text: string): 'ping' | 'start' | undefined {
  try {
    return WatcherMessage.safeParse(JSON.parse(text)).data?.type
  } catch {
    // Not JSON: passed over like all that is not understood.
    return undefined
  }
}

const secondMs = 1_000
/** How much each has said in this second. Where there are several processes each counts what it hears. */
function createCount(nowMs: () => number): (connectionId: string) => number {
  let heard = new Map<string, number>()
  let sinceMs = nowMs()
  return (connectionId) => {
    if (nowMs() - sinceMs >= secondMs) {
      heard = new Map()
      sinceMs = nowMs()
    }
    const count = (heard.get(connectionId) ?? 0) + 1
    heard.set(connectionId, count)
    return count
  }
}

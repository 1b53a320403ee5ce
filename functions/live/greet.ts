import { readConnection, removeConnection } from '#core/live/connections'
import type { LiveParts } from './deliver.ts'
import { sendFirstStates } from './first-states.ts'
import { refuse, textOf } from './sockets.ts'

/**
 * The first states of a connection that cannot be written to before its opening has been answered, as in an account:
 * called beside that, it waits until the connection stands. Only then are the states read. Read before, there would be a
 * moment in which a newer one is pushed, finds nobody, and is followed by the older one that was read.
 */
export async function greet(parts: LiveParts, connectionId: string): Promise<void> {
  const { world, sockets } = parts
  const connection = await readConnection(world, connectionId)
  if (connection === undefined) return
  if (!(await stands(parts, connectionId))) return removeConnection(world, connection)
  try {
    await sendFirstStates(parts, connection)
  } catch (error) {
    // It would sit there without knowing what it watches; so it comes back.
    world.log.warn('live.greeting-failed', { connectionId, error: String(error) })
    await refuse(sockets, connectionId, 'failed')
  }
}

/** A browser learns nothing of an answer to its opening: one that is let in no further is told so in a message. */
export async function turnAway(parts: LiveParts, connectionId: string): Promise<void> {
  if (await stands(parts, connectionId)) await refuse(parts.sockets, connectionId, 'too-many')
}

const firstPauseMs = 10
/** Five seconds in all: whoever is not there by then has gone. */
const looksMost = 10

/** Told by a message to it, since nothing else is sure to mean the same. */
async function stands({ world, sockets }: LiveParts, connectionId: string): Promise<boolean> {
  const message = { text: textOf({ type: 'pong' }) }
  for (let look = 0; look < looksMost; look++) {
    if (look > 0) await world.clock.wait(firstPauseMs * 2 ** (look - 1))
    if ((await sockets.send(connectionId, message)) === 'sent') return true
  }
  return false
}

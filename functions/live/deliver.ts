import { spans } from '#core/contract/limits'
import { isTerminal } from '#core/contract/task'
import type { Head } from '#core/head'
import { type Connection, removeConnection } from '#core/live/connections'
import type { World } from '#core/world'
import { type Outgoing, refuse, type SendOutcome, type Sockets, textOf } from './sockets.ts'
import type { StateTexts } from './states.ts'

export interface LiveParts {
  readonly world: World
  readonly sockets: Sockets
}

/** A send may not hold up those behind it for longer. */
const sendMostMs = 2_000

export interface State {
  readonly head: Head
  readonly texts: StateTexts
}

export type Delivered = SendOutcome | 'over'

/**
 * One state to one watcher. With the end of its one task a connection is over: told, closed and removed. A state that
 * did not get there leaves everything as it is: the next one follows, and of an end the caller keeps a note.
 */
export async function deliver(parts: LiveParts, connection: Connection, { head, texts }: State): Promise<Delivered> {
  const { world, sockets } = parts
  const { id } = connection
  if (connection.expiresAt <= world.clock.now()) {
    await refuse(sockets, id, connection.expiresAt < connection.tokenExpiresAt ? 'lifetime-over' : 'token-expired')
    await removeConnection(world, connection)
    return 'over'
  }
  const text = await texts(connection.view)
  if (text === undefined) return 'sent'
  const outcome = await send(parts, id, { text, about: head.id })
  if (outcome === 'gone') await dropUnlessYoung(world, connection)
  if (outcome !== 'sent' || connection.scope.kind !== 'task' || !isTerminal(head.status)) return outcome
  await endOf(parts, connection)
  return 'over'
}

/** There is nothing more to come. */
export async function endOf(parts: LiveParts, connection: Connection): Promise<void> {
  await send(parts, connection.id, { text: textOf({ type: 'end' }) })
  await parts.sockets.close(connection.id, 'ended')
  await removeConnection(parts.world, connection)
}

/**
 * A connection is written before it stands, so a very young one may only seem to be gone: removed now, it would be deaf.
 * Its first states are read after it stands, so it misses nothing.
 */
async function dropUnlessYoung(world: World, connection: Connection): Promise<void> {
  if (world.clock.now() - connection.openedAt >= spans.watchYoungMs) await removeConnection(world, connection)
}

async function send({ world, sockets }: LiveParts, id: string, message: Outgoing): Promise<SendOutcome> {
  const sending = sockets.send(id, message)
  if (typeof sending === 'string') return sending
  const over = new AbortController()
  const tooLate = world.clock.wait(sendMostMs, over.signal).then(
    () => 'failed' as const,
    () => 'failed' as const,
  )
  try {
    return await Promise.race([sending.catch(() => 'failed' as const), tooLate])
  } finally {
    over.abort()
  }
}

import { limits, spans } from '#core/contract/limits'
import {
  type Connection,
  listConnections,
  putConnection,
  readConnection,
  removeConnection,
} from '#core/live/connections'
import { checkWatchToken, isTokenStanding } from '#core/live/token'
import type { World } from '#core/world'
import type { Sockets } from './sockets.ts'

/**
 * A connection comes to be, and goes. The connection is written, then the token is read again: whoever revokes removes
 * the token, then looks for its connections, so one of the two sees the other (protocol 2). States are sent after that
 * (first-states.ts), when the connection stands and can be written to.
 */

export interface OpenAsk {
  readonly connectionId: string
  /** As it came with the address. */
  readonly token: string
}

export type OpenOutcome =
  | { readonly kind: 'open'; readonly connection: Connection }
  | { readonly kind: 'refused'; readonly code: 'forbidden' | 'too-many'; readonly detail: string }

export async function openConnection(world: World, sockets: Sockets, ask: OpenAsk): Promise<OpenOutcome> {
  const checked = await checkWatchToken(world, ask.token)
  if (checked.kind === 'expired') return forbidden('the token has expired: ask for a new one')
  if (checked.kind === 'unknown') return forbidden(unknownToken)
  const { id: tokenId, scope, view, expiresAt: tokenExpiresAt } = checked.token
  const openedAt = world.clock.now()
  const expiresAt = Math.min(tokenExpiresAt, openedAt + spans.watchConnectionMs)
  const connection: Connection = {
    id: ask.connectionId,
    ...{ tokenId, scope, view, openedAt, expiresAt, tokenExpiresAt },
  }
  await putConnection(world, connection)
  const detail = (await isTokenStanding(world, tokenId)) ? await whyTooMany(world, sockets, connection) : unknownToken
  if (detail === undefined) return { kind: 'open', connection }
  await removeConnection(world, connection)
  return detail === unknownToken ? forbidden(detail) : { kind: 'refused', code: 'too-many', detail }
}

const unknownToken = 'this is no token of this hub, or it was revoked'

function forbidden(detail: string): OpenOutcome {
  return { kind: 'refused', code: 'forbidden', detail }
}

/** Two at the edge may both be refused: each has written before it counts, so that never more are let in. */
async function whyTooMany(world: World, sockets: Sockets, mine: Connection): Promise<string | undefined> {
  let listed = await listConnections(world, mine.scope)
  if (excess(world, listed, mine) === undefined) return undefined
  // What a process left when it died still stands: it must not keep out those who come back.
  const dead = await deadOf(world, sockets, listed)
  for (const connection of dead) await removeConnection(world, connection)
  const gone = new Set(dead.map(({ id }) => id))
  listed = listed.filter(({ id }) => !gone.has(id))
  return excess(world, listed, mine)
}

function excess(world: World, listed: readonly Connection[], mine: Connection): string | undefined {
  const now = world.clock.now()
  const open = listed.filter(({ expiresAt }) => expiresAt > now)
  if (open.filter(({ tokenId }) => tokenId === mine.tokenId).length > limits.watchersOfToken) {
    return `${limits.watchersOfToken} connections are open with this token (limit watchersOfToken)`
  }
  if (open.length <= limits.watchersOfScope) return undefined
  return `${limits.watchersOfScope} connections are open to what this token is for (limit watchersOfScope)`
}

async function deadOf(
  world: World,
  { isOpen }: Sockets,
  listed: readonly Connection[],
): Promise<readonly Connection[]> {
  const now = world.clock.now()
  const dead: Connection[] = []
  for (const connection of listed) {
    const isOver = connection.expiresAt <= now
    const isOld = now - connection.openedAt >= spans.watchYoungMs
    if (isOver || (isOld && isOpen !== undefined && !(await isOpen(connection.id)))) dead.push(connection)
  }
  return dead
}

/** Its end, however it came: all that is known then is its id. */
export async function closeConnection(world: World, connectionId: string): Promise<void> {
  const connection = await readConnection(world, connectionId)
  if (connection !== undefined) await removeConnection(world, connection)
}

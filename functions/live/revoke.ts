import { listConnections, removeConnection } from '#core/live/connections'
import { takeBackToken } from '#core/live/token'
import type { LiveParts } from './deliver.ts'
import { refuse } from './sockets.ts'

/**
 * Takes the token back, then closes what is open with it (protocol 2). What died halfway can be done again.
 *
 * @returns false: there was no such token
 */
export async function revokeToken(parts: LiveParts, tokenId: string): Promise<boolean> {
  const scope = await takeBackToken(parts.world, tokenId)
  if (scope === undefined) return false
  for (const connection of await listConnections(parts.world, scope)) {
    if (connection.tokenId !== tokenId) continue
    // Its item first: whatever becomes of the socket, nothing is pushed to it any more.
    await removeConnection(parts.world, connection)
    await refuse(parts.sockets, connection.id, 'token-revoked')
  }
  return true
}

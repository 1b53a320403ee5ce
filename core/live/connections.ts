import { limits } from '../contract/limits.ts'
import type { WatchView } from '../contract/live.ts'
import { connectionKey, watcherKey, watcherPrefix, watchersPk } from '../keys.ts'
import type { Item, Key, Write } from '../ports.ts'
import type { World } from '../world.ts'
import { type Scope, scopeKey } from './scope.ts'

/**
 * Connections are items, so that whoever follows up a change finds them, in whichever process he is. Each is two: one
 * in the partition of its scope, which a push reads; one by its id, which is all that the end of a connection tells.
 */

export interface Connection {
  readonly id: string
  readonly tokenId: string
  readonly scope: Scope
  readonly view: WatchView
  readonly openedAt: number
  /** The end of its token or of its own life, whichever is first; which of them it is, the token's end tells. */
  readonly expiresAt: number
  readonly tokenExpiresAt: number
}

export async function putConnection(world: World, connection: Connection): Promise<void> {
  const { id, expiresAt } = connection
  const born = world.ids.token()
  const put = (key: Key): Write => {
    const item: Item = { ...key, born, n: 1, expiresAt, data: connection }
    return { kind: 'put', item, condition: { kind: 'any' } }
  }
  const watcher = put(watcherKey(scopeKey(world.ids, connection.scope), id))
  // By its id first: what a crash leaves between the two is found by nobody, and goes with its time.
  await world.store.commit({ write: watcher, before: [put(connectionKey(id))] })
}

export async function removeConnection(world: World, { id, scope }: Pick<Connection, 'id' | 'scope'>): Promise<void> {
  const keys = [watcherKey(scopeKey(world.ids, scope), id), connectionKey(id)]
  for (const key of keys) await world.store.commit({ write: { kind: 'delete', key, condition: { kind: 'any' } } })
}

export async function readConnection(world: World, id: string): Promise<Connection | undefined> {
  const item = await world.store.get(connectionKey(id))
  return item === undefined ? undefined : (item.data as Connection)
}

const pageMost = 500
/** More than may be open at once, since those that are over go some time after their end. */
const pagesMost = Math.ceil((3 * limits.watchersOfScope) / pageMost)

/** Strongly consistent; also those that are over, which the caller tells apart. */
export async function listConnections(world: World, scope: Scope): Promise<readonly Connection[]> {
  const pk = watchersPk(scopeKey(world.ids, scope))
  const connections: Connection[] = []
  let after: string | undefined
  for (let pages = 0; pages < pagesMost; pages++) {
    const page = await world.store.list({ pk, prefix: watcherPrefix, after, limit: pageMost })
    for (const { data } of page.items) connections.push(data as Connection)
    after = page.next
    if (after === undefined) break
  }
  return connections
}

/** Whether somebody is there, for the price of one item. One that is over counts: it costs a look too many. */
export async function isWatched(world: World, scope: Scope): Promise<boolean> {
  const pk = watchersPk(scopeKey(world.ids, scope))
  const { items } = await world.store.list({ pk, prefix: watcherPrefix, limit: 1 })
  return items.length > 0
}

import { limits, spans } from '../contract/limits.ts'
import type { WatchView } from '../contract/live.ts'
import { watchTokenKey } from '../keys.ts'
import type { Item } from '../ports.ts'
import type { Principal, World } from '../world.ts'
import type { Scope } from './scope.ts'

/**
 * Watch tokens: `tw_<id>_<secret>`, the secret 256 bits, of which the table has the hash alone. Nothing is signed, so
 * there is no key to be kept or lost, and a token that is taken back is worth nothing at once.
 */

export interface WatchToken {
  readonly id: string
  readonly scope: Scope
  readonly view: WatchView
  readonly expiresAt: number
}

interface StoredToken {
  readonly scope: Scope
  readonly view: WatchView
  readonly createdBy: Principal
  /** Absent once it is revoked: it stays to its end, so that a revocation that died halfway can be done again. */
  readonly hash?: string | undefined
}

const tokenPattern = /^tw_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/

export interface NewToken {
  readonly scope: Scope
  readonly view: WatchView
  readonly expiresInSeconds?: number | undefined
  readonly by: Principal
  /** 256 bits that nobody can guess, as 43 characters of base64url. */
  readonly secret: string
}

export async function createWatchToken(world: World, ask: NewToken): Promise<WatchToken & { readonly token: string }> {
  const { scope, view, expiresInSeconds = spans.watchTokenSeconds, by, secret } = ask
  const id = world.ids.next()
  const token = `tw_${id}_${secret}`
  if (!tokenPattern.test(token)) throw new Error('watch token: the secret is not 43 characters of base64url')
  const expiresAt = world.clock.now() + Math.min(expiresInSeconds, limits.watchTokenSeconds) * 1_000
  const data: StoredToken = { hash: world.ids.sha256(secret), scope, view, createdBy: by }
  const item: Item = { ...watchTokenKey(id), born: world.ids.token(), n: 1, expiresAt, data }
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'absent' } } })
  return { id, scope, view, expiresAt, token }
}

export type CheckedToken =
  | { readonly kind: 'good'; readonly token: WatchToken }
  /** Forged, revoked, or not a token at all: which of them is nobody's business. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'expired' }

/** Who holds the secret may know that its token has expired; nobody else learns whether there is one. */
export async function checkWatchToken(world: World, text: string): Promise<CheckedToken> {
  const [, id, secret] = tokenPattern.exec(text.slice(0, limits.watchTokenChars + 1)) ?? []
  if (id === undefined || secret === undefined) return { kind: 'unknown' }
  const item = await world.store.get(watchTokenKey(id))
  if (item === undefined) return { kind: 'unknown' }
  const { hash, scope, view } = item.data as StoredToken
  if (hash === undefined || !isEqual(hash, world.ids.sha256(secret))) return { kind: 'unknown' }
  const expiresAt = item.expiresAt ?? 0
  return expiresAt > world.clock.now() ? { kind: 'good', token: { id, scope, view, expiresAt } } : { kind: 'expired' }
}

/** Whether it stands at this moment: asked again after a connection was written (protocol 2). */
export async function isTokenStanding(world: World, tokenId: string): Promise<boolean> {
  const item = await world.store.get(watchTokenKey(tokenId))
  return (item?.data as StoredToken | undefined)?.hash !== undefined
}

/** @returns its scope, in which the connections are to be closed; undefined: there is no such token */
export async function takeBackToken(world: World, tokenId: string): Promise<Scope | undefined> {
  const item = await world.store.get(watchTokenKey(tokenId))
  if (item === undefined) return undefined
  const { hash: _, ...data } = item.data as StoredToken
  const revoked: Item = { ...item, n: item.n + 1, data }
  await world.store.commit({ write: { kind: 'put', item: revoked, condition: { kind: 'any' } } })
  return data.scope
}

/** In the same time wherever they differ. */
function isEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index % b.length)
  return difference === 0
}

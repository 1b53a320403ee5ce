import { createHash, randomBytes } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import type { Ids } from '#core/ports'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const poolBytes = 4_096

/** Ids of a real hub. Tokens are a time and a count within this process and its random name: no two are the same. */
export function createSystemIds(): Ids {
  const ulid = monotonicFactory(pooledChance())
  const processName = randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x')
  let tokens = 0
  return {
    next: () => ulid(),
    token: () => `${Date.now().toString(36).padStart(9, '0')}${processName}${(tokens++).toString(36)}`,
    ofText: (text) => ulidOfText(text),
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  }
}

/** 130 bits of the hash, five at a time; the first character keeps within what a ULID allows. */
export function ulidOfText(text: string): string {
  const digest = createHash('sha256').update(text).digest()
  let id = ''
  for (let index = 0; index < 26; index++) {
    const byte = digest[index] ?? 0
    id += alphabet[index === 0 ? byte & 7 : byte & 31]
  }
  return id
}

/** Randomness in blocks: one system call for some hundred ids. */
function pooledChance(): () => number {
  let pool = randomBytes(poolBytes)
  let used = 0
  return () => {
    if (used === pool.length) {
      pool = randomBytes(poolBytes)
      used = 0
    }
    return (pool[used++] ?? 0) / 256
  }
}

import { randomBytes } from 'node:crypto'

const secretBytes = 32

/** 256 bits as 43 characters that stand in an address as they are. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url')
}

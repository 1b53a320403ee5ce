import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Uploads } from '#core/uploads'
import { createFile } from './atomic-file.ts'

/**
 * Addresses for uploads that carry their own permission: the payload's id and an end of validity, signed with a secret
 * of the data folder, so that they hold over a restart of the hub.
 */
export function openUploadTokens(dataFolder: string): Uploads {
  const secret = readSecret(join(dataFolder, 'upload-secret'))
  const signatureOf = (id: string, until: string) => createHmac('sha256', secret).update(`${id}.${until}`).digest()
  return {
    ticketFor: async ({ id }, expiresAt) => {
      const until = expiresAt.toString(36)
      const token = `${until}.${signatureOf(id, until).toString('base64url')}`
      return { url: `/v1/payloads/${id}/content?token=${token}`, headers: {} }
    },
    check: (id, token, now) => {
      const [until = '', signature = ''] = token.split('.')
      const given = Buffer.from(signature, 'base64url')
      const right = signatureOf(id, until)
      if (given.byteLength !== right.byteLength || !timingSafeEqual(given, right)) return 'wrong'
      return Number.parseInt(until, 36) > now ? 'right' : 'over'
    },
  }
}

const secretBytes = 32

function readSecret(path: string): Buffer {
  createFile(path, randomBytes(secretBytes).toString('hex'))
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex')
  if (secret.byteLength === secretBytes) return secret
  throw new Error(`${path} does not hold the secret that the hub put there; remove the file to have a new one made`)
}

import { createHash, createHmac } from 'node:crypto'

/**
 * The key a request is signed with, derived from the secret for one day, region and service. Deriving takes four
 * HMACs, so the last ones are remembered; the map only remembers a pure function's results, hence it is shared.
 */

export const MAX_REMEMBERED_SIGNING_KEYS = 256

export interface SigningScope {
  readonly accessKeyId: string
  readonly secretKey: string
  readonly date: string
  readonly region: string
  readonly service: string
}

const remembered = new Map<string, { readonly secretKey: string; readonly signingKey: Buffer }>()

export function signingKeyOf(scope: SigningScope): Buffer {
  const found = remembered.get(nameOf(scope))
  // A key id whose secret was replaced must not live on by its old secret.
  return found !== undefined && found.secretKey === scope.secretKey ? found.signingKey : derive(scope)
}

/** Called only after a good signature, so that made-up regions can't push the good keys out. */
export function rememberSigningKey(scope: SigningScope, signingKey: Buffer): void {
  const name = nameOf(scope)
  if (remembered.get(name)?.secretKey === scope.secretKey) return
  remembered.delete(name)
  for (const oldest of remembered.keys()) {
    if (remembered.size < MAX_REMEMBERED_SIGNING_KEYS) break
    remembered.delete(oldest)
  }
  remembered.set(name, { secretKey: scope.secretKey, signingKey })
}

export function sha256Hex(data: string | Uint8Array): string {
  // Strings are bytes here (one character each), as in the canonical request.
  return typeof data === 'string'
    ? createHash('sha256').update(data, 'latin1').digest('hex')
    : createHash('sha256').update(data).digest('hex')
}

function derive({ secretKey, date, region, service }: SigningScope): Buffer {
  const dateKey = hmac(`AWS4${secretKey}`, date)
  return hmac(hmac(hmac(dateKey, region), service), 'aws4_request')
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function nameOf({ accessKeyId, date, region, service }: SigningScope): string {
  return `${accessKeyId}/${date}/${region}/${service}`
}

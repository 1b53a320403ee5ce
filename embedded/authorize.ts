import type { LiveKeys } from '#adapters/files/live-keys'
import { verifyRequest } from '#adapters/sigv4/verify'
import { systemClock } from '#adapters/system/clock'
import { isAllowed } from '#core/permission'

export interface RawRequest {
  readonly method: string
  /** Path and query exactly as they came over the wire. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export type Authorization =
  | { readonly ok: true; readonly principal: string; readonly allows: (method: string, path: string) => boolean }
  | { readonly ok: false; readonly detail: string }

/** Who signed this request, by the keys of the data folder. API Gateway does the same on AWS, by IAM. */
export function createAuthorize(keys: LiveKeys): (raw: RawRequest) => Authorization {
  return (raw) => {
    const outcome = verifyRequest({
      ...raw,
      now: systemClock.now(),
      service: 'execute-api',
      lookUp: (id) => keys.keyOf(id)?.secretKey,
    })
    if (!outcome.ok) return { ok: false, detail: outcome.message }
    const key = keys.keyOf(outcome.accessKeyId)
    if (key === undefined) return { ok: false, detail: 'this key was removed' }
    return {
      ok: true,
      principal: key.name,
      allows: (method, path) => isAllowed(key.allows, method, path),
    }
  }
}

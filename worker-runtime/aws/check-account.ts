import { createHash } from 'node:crypto'
import { type Account, openAccount, silentLog } from '#adapters/account/open-account'
import type { Blobs } from '#core/blobs'
import { ApiError } from '#core/contract/errors'
import type { HubEnv } from '#core/contract/hub-env'
import { spans } from '#core/contract/limits'
import type { Manifest } from '#core/contract/manifest'
import { checkKey, fleetKey } from '#core/keys'
import type { World } from '#core/world'
import type { CheckOutcome } from '../check-instance.ts'

/**
 * A check run in an account: reaches table, queue and bucket by calls that an instance makes anyway, so that it needs no
 * permission of its own (GetItem, PutItem; GetQueueAttributes; PutObject, GetObject), and leaves its manifest where the
 * registrar looks for it.
 */

export interface Checked {
  readonly manifest: Manifest
  /** Unknown to a container that was started by hand: then nobody waits for what it found. */
  readonly generation: string | undefined
}

export function checkAccount(env: HubEnv, checked: Checked): Promise<CheckOutcome> {
  const { world, close } = openAccount(env, silentLog)
  return checkWorld(world, { ...checked, env }).finally(close)
}

export async function checkWorld(
  world: Account['world'],
  { manifest, generation, env }: Checked & { readonly env: HubEnv },
): Promise<CheckOutcome> {
  const { name } = manifest
  const { store, queue, blobs } = world
  const places: readonly (readonly [place: string, variable: string, reach: () => Promise<unknown>])[] = [
    [`table ${env.TASKURAI_TABLE}`, 'TASKURAI_TABLE', () => store.get(fleetKey(name))],
    [`queue ${env.TASKURAI_QUEUE_URL_PREFIX}${name}`, 'TASKURAI_QUEUE_URL_PREFIX', () => queue.depth(name)],
    [`bucket ${env.TASKURAI_BUCKET}`, 'TASKURAI_BUCKET', () => reachBucket(blobs, name)],
  ]
  for (const [place, variable, reach] of places) {
    try {
      await reach()
    } catch (error) {
      const message = `the ${place} cannot be reached (${variable}, or the role's permissions): ${wordsOf(error)}`
      return { ok: false, why: 'unreachable', message }
    }
  }
  const seen = places.map(([place]) => place)
  if (generation === undefined) return { ok: true, seen }
  try {
    await leaveManifest(world, { manifest, generation })
  } catch (error) {
    return { ok: false, why: 'unreachable', message: `the table cannot be written: ${wordsOf(error)}` }
  }
  return { ok: true, seen: [...seen, `generation ${generation}`] }
}

/** One small object a worker, the same at each check. */
async function reachBucket(blobs: Blobs, worker: string): Promise<void> {
  const bytes = new TextEncoder().encode(worker)
  const spec = { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  const put = await blobs.put(`check-${worker}`, spec, once(bytes))
  if (put.kind === 'refused') throw new ApiError('unavailable', put.message)
  if (!(await blobs.has(`check-${worker}`))) throw new ApiError('unavailable', 'what was put is not there')
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function leaveManifest(
  { store, clock, ids }: World,
  { manifest, generation }: { readonly manifest: Manifest; readonly generation: string },
): Promise<void> {
  const at = clock.now()
  const item = {
    ...checkKey(manifest.name, generation),
    born: ids.token(),
    n: 1,
    expiresAt: at + spans.dayMs,
    data: { manifest, at },
  }
  await store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
}

/** What went wrong with all its causes, on one line. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const words = error.cause === undefined ? error.message : `${error.message}: ${wordsOf(error.cause)}`
  return words.replaceAll(/\s+/g, ' ')
}

import type { Manifest } from '#core/contract/manifest'
import { openStream } from './agent/open-stream.ts'
import { type FoundHub, findHub } from './find-hub.ts'
import type { ExitReason } from './link.ts'
import { toManifest, type WorkerDefinition } from './worker.ts'

/**
 * Whether an instance of this worker could do its work here, found out before anything depends on it: its module is
 * loaded and described, its hub is reached. It registers nothing and takes nothing.
 */

export type CheckOutcome =
  | { readonly ok: true; readonly seen: readonly string[] }
  | { readonly ok: false; readonly why: ExitReason; readonly message: string }

export async function checkInstance(
  definition: WorkerDefinition,
  env: Readonly<Record<string, string | undefined>>,
): Promise<CheckOutcome> {
  let manifest: Manifest
  try {
    manifest = toManifest(definition)
  } catch (error) {
    return { ok: false, why: 'bad-environment', message: error instanceof Error ? error.message : String(error) }
  }
  const found = await findHub(definition.name, {}, env)
  if (!found.ok) return found
  const reached = await reach(found.hub, manifest)
  return reached.ok ? { ok: true, seen: [`${manifest.commands.length} commands`, ...reached.seen] } : reached
}

async function reach({ place, generation }: FoundHub, manifest: Manifest): Promise<CheckOutcome> {
  if (place.kind === 'account') {
    const { checkAccount } = await import('./aws/check-account.ts')
    return checkAccount(place.env, { manifest, generation })
  }
  const opened = await openStream(place)
  if (opened.kind !== 'open') return { ok: false, why: 'unreachable', message: opened.message }
  opened.socket.destroy()
  return { ok: true, seen: [`the hub at ${place.endpoint}`] }
}

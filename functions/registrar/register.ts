import { generationOf } from '#core/contract/ecs-launch'
import type { Manifest } from '#core/contract/manifest'
import { putWorker } from '#core/workers/put-worker'
import { removeWorker } from '#core/workers/remove-worker'
import type { CheckRuns, Revisions } from '#core/workers/revisions'
import type { Principal, World } from '#core/world'
import { checkManifest } from '../api/check-manifest.ts'
import { runCheck } from './check-run.ts'
import { keepChecked, mergeManifest, readChecked } from './checked-manifest.ts'
import type { RegistrarProps } from './config.ts'
import { removeOldRevisions } from './old-revisions.ts'

/**
 * What a deployment does to a worker. Create, update and rollback are the same call with different properties: revisions
 * are told apart and never compared by number.
 *
 * 1. The check run comes first: what fails it changes nothing, and the generation before goes on.
 * 2. `wanted` is written last; the first instance of it that registers makes it current (protocol 36).
 * 3. A generation that was registered once needs no further check run, so a rollback starts nothing.
 */
export interface RegistrarParts {
  readonly world: World
  readonly hub: string
  readonly checkRuns: CheckRuns
  readonly revisions: Revisions
}

export interface Deployment {
  readonly requestId: string
  /** The resource of the stack. */
  readonly owner: string
  readonly by: Principal
  /** The caller has been answered: nothing is written from then on. */
  readonly signal: AbortSignal
}

export type Registration =
  | { readonly ok: true; readonly generation: string }
  | { readonly ok: false; readonly reason: string }

export async function registerWorker(
  parts: RegistrarParts,
  props: RegistrarProps,
  deployment: Deployment,
): Promise<Registration> {
  const { world, revisions } = parts
  const { worker, launch } = props
  const generation = generationOf(launch.taskDefinition)
  if (!props.verify && props.manifest === undefined) {
    return { ok: false, reason: `verify: false needs a manifest of ${worker}: nothing else would tell its commands` }
  }
  const checked = props.verify ? await verify(parts, props, { ...deployment, generation }) : notChecked
  if (!checked.ok) return checked
  const merged = mergeManifest(props, generation, checked.manifest)
  if (!merged.ok) return merged
  const { manifest } = merged
  checkManifest(manifest, '/manifest')
  deployment.signal.throwIfAborted()
  const fleet = await putWorker(world, { manifest, launch, generation, owner: deployment.owner, by: deployment.by })
  await keepChecked(world, worker, generation)
  await removeOldRevisions(world, revisions, fleet)
  world.log.info('registrar.registered', { worker, generation })
  return { ok: true, generation }
}

type Verified =
  | { readonly ok: true; readonly manifest: Manifest | undefined }
  | { readonly ok: false; readonly reason: string }

const notChecked: Verified = { ok: true, manifest: undefined }

async function verify(
  { world, hub, checkRuns }: RegistrarParts,
  { worker, launch }: RegistrarProps,
  { requestId, signal, generation }: Deployment & { readonly generation: string },
): Promise<Verified> {
  const before = await readChecked(world, worker, generation)
  if (before?.isKept === true) return { ok: true, manifest: before.manifest }
  const outcome = await runCheck(world, checkRuns, { hub, worker, generation, launch, requestId, signal })
  if (!outcome.ok) return outcome
  const after = await readChecked(world, worker, generation)
  if (after !== undefined) return { ok: true, manifest: after.manifest }
  const reason =
    `the check run of ${worker} (${generation}) ended well and left no manifest of ${worker}: does its image run ` +
    '`taskurai work <module>`, and is its worker called so? (verify: false is for images that do not.)'
  return { ok: false, reason }
}

/** Waits for nobody: what runs goes on to its end. */
export async function unregisterWorker(
  { world }: RegistrarParts,
  worker: string,
  { owner, by }: Pick<Deployment, 'owner' | 'by'>,
): Promise<void> {
  const outcome = await removeWorker(world, { worker, owner, by })
  world.log.info('registrar.removed', { worker, owner, outcome })
}

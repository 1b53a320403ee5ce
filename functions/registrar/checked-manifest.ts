import { ApiError } from '#core/contract/errors'
import { hostedBy } from '#core/contract/hosted'
import { Manifest } from '#core/contract/manifest'
import { workerId } from '#core/contract/worker-id'
import { checkKey } from '#core/keys'
import type { Item } from '#core/ports'
import type { World } from '#core/world'
import type { RegistrarProps } from './config.ts'

/**
 * What a check run left of its generation. It is gone in a day, unless the generation is deployed: then it stays for as
 * long as its revision can be run, so that a rollback needs neither a check run nor luck.
 */

export async function readChecked(
  world: World,
  worker: string,
  generation: string,
): Promise<{ readonly manifest: Manifest; readonly isKept: boolean } | undefined> {
  const item = await world.store.get(checkKey(worker, generation))
  if (item === undefined) return undefined
  const parsed = Manifest.safeParse((item.data as { readonly manifest?: unknown }).manifest)
  if (!parsed.success) {
    const what = `the container of ${generation} describes itself in a way that this hub does not know`
    throw new ApiError('invalid', `${what}: deploy the hub of the same version first`, { cause: parsed.error })
  }
  return { manifest: parsed.data, isKept: item.expiresAt === undefined }
}

export async function keepChecked(world: World, worker: string, generation: string): Promise<void> {
  const item = await world.store.get(checkKey(worker, generation))
  if (item?.expiresAt === undefined) return
  const { pk, sk, born, n, data } = item
  const kept: Item = { pk, sk, born, n: n + 1, data }
  await world.store.commit({ write: { kind: 'put', item: kept, condition: { kind: 'at', born, n } } })
}

export async function dropChecked(world: World, worker: string, generation: string): Promise<void> {
  await world.store.commit({
    write: { kind: 'delete', key: checkKey(worker, generation), condition: { kind: 'any' } },
  })
}

export type Merged =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly reason: string }

/** The manifest that was given, which the container must be up to, or the container's own; with the scale as deployed. */
export function mergeManifest(props: RegistrarProps, generation: string, checked: Manifest | undefined): Merged {
  const manifest = props.manifest ?? checked
  if (manifest === undefined) {
    return { ok: false, reason: `nothing tells the commands of ${props.worker}: give a manifest, or leave verify on` }
  }
  const described = workerId(manifest)
  if (described !== props.worker) {
    return { ok: false, reason: `the worker is called ${props.worker} here and ${described} in its manifest` }
  }
  const missing = checked === undefined ? [] : missingIn(checked, manifest)
  if (missing.length > 0) {
    const hosts = checked?.commands.map(labelOf).join(', ')
    const reason = `the container of ${generation} does not host ${missing.join(', ')}, which the manifest names`
    return { ok: false, reason: `${reason}; it hosts ${hosts}. Deploy the image that belongs to the manifest` }
  }
  const { scaling, concurrency, idleSeconds } = props
  const changed = {
    ...manifest,
    ...(scaling === undefined ? {} : { scaling }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(idleSeconds === undefined ? {} : { idleSeconds }),
  }
  const parsed = Manifest.safeParse(changed)
  if (parsed.success) return { ok: true, manifest: parsed.data }
  const [issue] = parsed.error.issues
  return { ok: false, reason: `the worker ${props.worker}: ${issue?.path.join('.')} ${issue?.message}` }
}

function missingIn(checked: Manifest, wanted: Manifest): readonly string[] {
  const hosts = hostedBy(checked.commands)
  const fallbacks = new Set(checked.commands.filter(({ fallback }) => fallback === true).map(({ name }) => name))
  return wanted.commands
    .filter(({ name, version, fallback }) => !hosts(name, version) || (fallback === true && !fallbacks.has(name)))
    .map(labelOf)
}

function labelOf({ name, version, fallback }: Manifest['commands'][number]): string {
  return fallback === true ? `${name} of any version` : `${name}@${version}`
}

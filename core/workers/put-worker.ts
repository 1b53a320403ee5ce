import { ApiError } from '../contract/errors.ts'
import type { Manifest, ManifestCommand } from '../contract/manifest.ts'
import { workerId, workerParts } from '../contract/worker-id.ts'
import { commandKey, commandPrefix, fleetKey, registryKey, registryPk } from '../keys.ts'
import type { Item } from '../ports.ts'
import type { Principal, World } from '../world.ts'
import { changeFleet, type Fleet, hostsOfCurrent } from './fleet.ts'

const workersMost = 1_000

export interface PutWorkerAsk {
  readonly manifest: Manifest
  readonly launch?: unknown
  /** Given where the launcher names them: then each put is a change, also one that only changes the scale. */
  readonly generation?: string | undefined
  /** Whoever put it last owns it, unless he names none. */
  readonly owner?: string | undefined
  readonly by: Principal
}

/** What one command of a worker is, as the door needs it. */
export interface RegisteredCommand extends ManifestCommand {
  readonly worker: string
}

/**
 * Registers a worker or changes it: its commands first, its fleet last, so that whatever is launched is already known.
 * The generation is a new opaque id when anything changed, and the old one when the same is put again.
 */
export async function putWorker(world: World, ask: PutWorkerAsk): Promise<Fleet> {
  const { manifest } = ask
  const worker = workerId(manifest)
  await refuseForeignCommands(world, manifest)
  if (manifest.isolationKey !== undefined) {
    refuseLaunch(worker, ask)
    await world.queue.ensure?.(worker)
  }
  const generation = ask.generation ?? generationOf(world, ask)
  await writeCommands(world, manifest)
  const key = registryKey(worker)
  const item: Item = { ...key, born: world.ids.token(), n: 1, data: { name: worker } satisfies Registered }
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'newer' } } })
  const changed = await changeFleet(world, worker, (fleet) => {
    if (ask.generation === undefined && fleet.wanted === generation && fleet.removed === undefined) return undefined
    const fresh = { manifest, launch: ask.launch, wanted: generation, owner: ask.owner ?? fleet.owner }
    const currentHosts = hostsOfCurrent(fleet, generation)
    return { ...fleet, ...fresh, currentHosts, breaker: undefined, refusal: undefined, removed: undefined }
  })
  if (changed !== undefined) return changed
  const fleet: Fleet = {
    worker,
    manifest,
    launch: ask.launch,
    wanted: generation,
    owner: ask.owner,
    launches: [],
    decisions: 0,
    stops: [],
  }
  const fresh: Item = { ...fleetKey(worker), born: world.ids.token(), n: 1, data: fleet }
  const outcome = await world.store.commit({ write: { kind: 'put', item: fresh, condition: { kind: 'absent' } } })
  return outcome.kind === 'written' ? fleet : putWorker(world, ask)
}

/** Opaque, and the same for the same manifest and launch: only equality means anything (never an order). */
function generationOf(world: World, ask: PutWorkerAsk): string {
  return world.ids.sha256(JSON.stringify([ask.manifest, ask.launch ?? null])).slice(0, 16)
}

/** Its code is on somebody's own machine. */
function refuseLaunch(worker: string, { launch }: PutWorkerAsk): void {
  if (launch === undefined) return
  const message = `instances of ${worker}, which has an isolation key, are started by hand`
  throw new ApiError('invalid', message, { issues: [{ field: '/launch', message }] })
}

async function writeCommands(world: World, manifest: Manifest): Promise<void> {
  const worker = workerId(manifest)
  const wanted = new Set<string>()
  for (const command of manifest.commands) {
    const key = commandKey(worker, command.name, command.version)
    wanted.add(key.sk)
    const data: RegisteredCommand = { ...command, worker }
    const item: Item = { ...key, born: world.ids.token(), n: 1, data }
    await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'newer' } } })
  }
  const standing = await world.store.list({ pk: fleetKey(worker).pk, prefix: commandPrefix, limit: 1_000 })
  for (const item of standing.items) {
    if (wanted.has(item.sk)) continue
    await world.store.commit({
      write: { kind: 'delete', key: { pk: item.pk, sk: item.sk }, condition: { kind: 'any' } },
    })
  }
}

/** A task has exactly one receiver, so a command belongs to one worker; under each key to a worker of that name. */
async function refuseForeignCommands(world: World, manifest: Manifest): Promise<void> {
  const names = new Set(manifest.commands.map((command) => command.name))
  for (const command of await readCommands(world)) {
    if (!names.has(command.name) || workerParts(command.worker).name === manifest.name) continue
    throw new ApiError(
      'conflict',
      `the command ${command.name} belongs to the worker ${command.worker}: take it from there first`,
    )
  }
}

/** A worker's line in the registry. */
export interface Registered {
  readonly name: string
  /** It is not deployed any more; what it hosted is told to those who still ask for it. */
  readonly removed?: { readonly at: number; readonly commands: readonly string[] }
}

export async function readRegistry(world: World): Promise<readonly Registered[]> {
  const page = await world.store.list({ pk: registryPk, limit: workersMost })
  return page.items.map((item) => item.data as Registered)
}

export async function readWorkerNames(world: World): Promise<readonly string[]> {
  return namesOf(await readRegistry(world))
}

function namesOf(registry: readonly Registered[]): readonly string[] {
  return registry.filter(({ removed }) => removed === undefined).map(({ name }) => name)
}

/** `registry`: for those who have just read it. */
export async function readCommands(
  world: World,
  registry?: readonly Registered[],
): Promise<readonly RegisteredCommand[]> {
  const pages = await Promise.all(
    namesOf(registry ?? (await readRegistry(world))).map((name) =>
      world.store.list({ pk: fleetKey(name).pk, prefix: commandPrefix, limit: 1_000 }),
    ),
  )
  return pages.flatMap((page) => page.items.map((item) => item.data as RegisteredCommand))
}

export async function pauseWorker(world: World, ask: { worker: string; by: Principal; reason?: string | undefined }) {
  return changeFleet(world, ask.worker, (fleet) => ({
    ...fleet,
    paused: fleet.paused ?? { at: world.clock.now(), by: ask.by, reason: ask.reason },
  }))
}

export async function resumeWorker(world: World, worker: string): Promise<Fleet | undefined> {
  return changeFleet(world, worker, (fleet) =>
    fleet.paused === undefined ? undefined : { ...fleet, paused: undefined },
  )
}

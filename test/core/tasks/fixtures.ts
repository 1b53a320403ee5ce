import { Manifest } from '#core/contract/manifest'
import type { NewTask } from '#core/contract/new-task'
import type { Head } from '#core/head'
import type { ReceivedBell } from '#core/ports'
import { type ClaimOutcome, claim } from '#core/tasks/claim'
import { type CreateOutcome, createTask } from '#core/tasks/create'
import { readHead } from '#core/tasks/move'
import { putWorker } from '#core/workers/put-worker'
import { react } from '#functions/reactor/reactor'
import type { MemoryWorld } from '../../support/memory-world.ts'

/** The everyday steps of use-case tests, on one worker with one command. */

export const holdMs = 70_000

export async function register(world: MemoryWorld): Promise<void> {
  const manifest = Manifest.parse({ name: 'mill', commands: [{ name: 'mill.grind' }], concurrency: 2 })
  await putWorker(world, { manifest, launch: {}, by: 'ann' })
}

export interface CreateChanges {
  readonly id?: string
  readonly requestHash?: string
  readonly argumentsBytes?: number
  readonly task?: Partial<NewTask>
}

export function create(world: MemoryWorld, changes: CreateChanges = {}): Promise<CreateOutcome> {
  const { id = world.ids.next(), argumentsBytes = 20, task, ...rest } = changes
  const command = { worker: 'mill', name: 'mill.grind', version: 1 }
  return createTask(world, {
    task: { command: 'mill.grind', arguments: { grain: 'rye' }, ...task },
    command,
    by: 'ann',
    id,
    argumentsBytes,
    ...rest,
  })
}

export async function created(world: MemoryWorld, changes: CreateChanges = {}): Promise<Head> {
  const outcome = await create(world, changes)
  if (outcome.kind !== 'created') throw new Error(`not created: ${outcome.kind}`)
  return outcome.head
}

export async function receive(world: MemoryWorld): Promise<ReceivedBell | undefined> {
  const [bell] = await world.queue.receive({ worker: 'mill', max: 1, holdMs, waitMs: 0 })
  return bell
}

export interface ClaimChanges {
  readonly run?: string
  readonly instance?: string
  readonly accepts?: (head: Head) => boolean
}

/** Claims with a bell, letting time pass for the looks at a bell that is ahead. */
export async function claimWith(
  world: MemoryWorld,
  received: ReceivedBell | undefined,
  changes: ClaimChanges = {},
): Promise<ClaimOutcome> {
  if (received === undefined) throw new Error('there is no bell')
  const { run = 'run1', instance = 'i1', accepts = () => true } = changes
  const ask = { received, holdMs, instance, run, accepts }
  const [outcome] = await Promise.all([claim(world, ask), world.clock.advance(400)])
  return outcome
}

/** Created, received and claimed: a run and the bell that it holds. */
export async function running(
  world: MemoryWorld,
  changes: CreateChanges = {},
): Promise<{ readonly head: Head; readonly received: ReceivedBell }> {
  await created(world, changes)
  const received = await receive(world)
  const outcome = await claimWith(world, received)
  if (outcome.kind !== 'run' || received === undefined) throw new Error(`not claimed: ${outcome.kind}`)
  return { head: outcome.head, received }
}

export async function standing(world: MemoryWorld, id: string): Promise<Head> {
  const head = await readHead(world, id)
  if (head === undefined) throw new Error(`task ${id} is not there`)
  return head
}

/** The reactor has worked off everything so far. */
export async function reacted(world: MemoryWorld): Promise<void> {
  await react(world, { nudgeScaler: () => undefined }, [...world.memory.table.changes])
}

import { holdFiles } from '../files/hold.ts'
import type { Head } from '../head.ts'
import { batchIdOf } from '../keys.ts'
import type { Item } from '../ports.ts'
import { type CreateOutcome, createTask } from '../tasks/create.ts'
import { readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { type OpenBatch, type PlannedTask, readTasks } from './batch-items.ts'
import { isOpenDependent, waiterItem } from './dependency-items.ts'
import { inChunks } from './list-all.ts'
import { settleDependent } from './settle-dependent.ts'
import { wireDependencies } from './wire-dependencies.ts'

/**
 * The tasks of an accepted batch. First the notes of who waits for whom, then the tasks that wait, then those that may
 * run at once: so whatever ends finds all who wait for it, and nothing of the batch need be wired. Each step may be
 * repeated by whomever.
 */
export interface MakeAsk {
  readonly item: Item
  readonly batch: OpenBatch
  /** Somebody may have begun before. */
  readonly isAgain: boolean
}

export interface Rolled {
  /** `existing`: of an earlier life of the same request. */
  readonly kind: 'created' | 'existing'
  readonly head: Head
}

const madeAtOnce = 100

export async function makeTasks(world: World, ask: MakeAsk): Promise<readonly Rolled[]> {
  const tasks = await readTasks(world, ask.item, ask.batch)
  await writeNotes(world, tasks, ask.isAgain)
  const awaited = new Set(tasks.flatMap(({ on }) => on))
  const isWaiting = (place: number) => (tasks[place]?.on.length ?? 0) > 0
  const places = [...tasks.keys()]
  const ordered = [...places.filter(isWaiting), ...places.filter((place) => !isWaiting(place))]
  const rolled = new Map<number, Rolled>()
  await inChunks(ordered, madeAtOnce, async (place) => {
    rolled.set(place, await makeOne(world, ask, { tasks, place, isAwaited: awaited.has(place) }))
  })
  const all = places.flatMap((place) => rolled.get(place) ?? [])
  return inChunks([...all.entries()], madeAtOnce, ([place, each]) => wireApart(world, tasks, all, { place, each }))
}

/** What is there already was noted before it was made. */
async function writeNotes(world: World, tasks: readonly PlannedTask[], isAgain: boolean): Promise<void> {
  const notes = tasks.flatMap((dependent) =>
    dependent.on.flatMap((place, index) => {
      const dependency = typeof place === 'number' ? tasks[place] : undefined
      return dependency === undefined ? [] : [{ dependency: dependency.id, dependent, index }]
    }),
  )
  const standing = isAgain ? await standingOf(world, new Set(notes.map(({ dependency }) => dependency))) : new Set()
  const missing = notes.filter(({ dependency }) => !standing.has(dependency))
  await inChunks(missing, madeAtOnce, ({ dependency, dependent: { id: taskId, born, on }, index }) => {
    const item = waiterItem(world, { dependency, taskId, waiter: { born, index, count: on.length, era: 0 } })
    return world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
  })
}

async function standingOf(world: World, ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const heads = await inChunks([...ids], madeAtOnce, (id) => readHead(world, id))
  return new Set(heads.flatMap((head) => head?.id ?? []))
}

interface OneAsk {
  readonly tasks: readonly PlannedTask[]
  readonly place: number
  readonly isAwaited: boolean
}

async function makeOne(world: World, ask: MakeAsk, { tasks, place, isAwaited }: OneAsk): Promise<Rolled> {
  const { item, batch, isAgain } = ask
  const planned = tasks[place]
  const command = batch.commands[planned?.command ?? -1]
  if (planned === undefined || command === undefined) throw new Error(`${item.pk}: task ${place} is incomplete`)
  const { id, born, task, argumentsBytes, files, on } = planned
  // Held at the door, which counts for an hour, and this may be later. What stands holds them by itself.
  if (files !== undefined && isAgain && (await readHead(world, id)) === undefined)
    await holdFiles(world, { taskId: id, born, by: batch.by, files })
  const dependsOn = on.map((each) => (typeof each === 'number' ? (tasks[each]?.id ?? '') : each))
  const outcome = await createTask(world, {
    task: on.length === 0 ? task : { ...task, dependsOn },
    command,
    by: batch.by,
    id,
    requestHash: batch.requestHash,
    argumentsBytes,
    held: files === undefined ? undefined : { born, files },
    planned: {
      born,
      at: batch.at,
      batchId: batchIdOf(item.pk),
      isAwaited,
      isWired: on.every((each) => typeof each === 'number'),
    },
  })
  return rolledOf(world, outcome, id)
}

function rolledOf(world: World, outcome: CreateOutcome, taskId: string): Rolled {
  switch (outcome.kind) {
    case 'created':
    case 'existing':
      return { kind: outcome.kind, head: outcome.head }
    case 'clash':
      // Looked for before the batch was accepted; what is there now cannot be undone, and is no reason to stop.
      world.log.error('batch.task-clashes', { taskId })
      return { kind: 'existing', head: outcome.head }
    case 'invalid':
      throw new Error(`task ${taskId}: ${outcome.field} ${outcome.message}, which nobody says of an accepted one`)
    default:
      return outcome satisfies never
  }
}

/** Dependencies that were there before the batch, or that stand as they were made by an earlier one of the same key. */
async function wireApart(
  world: World,
  tasks: readonly PlannedTask[],
  all: readonly Rolled[],
  { place, each }: { readonly place: number; readonly each: Rolled },
): Promise<Rolled> {
  const planned = tasks[place]
  if (planned === undefined || each.head.born !== planned.born || !isOpenDependent(each.head)) return each
  const isApart = (on: number | string) => typeof on === 'string' || all[on]?.head.born !== tasks[on]?.born
  const places = planned.on.flatMap((on, index) => (isApart(on) ? [index] : []))
  if (places.length === 0) return each
  await wireDependencies(world, each.head, { places })
  const head = await settleDependent(world, each.head.id)
  return head === undefined ? each : { ...each, head }
}

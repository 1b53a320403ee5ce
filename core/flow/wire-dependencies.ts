import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { waiterKey } from '../keys.ts'
import { decide } from '../lifecycle.ts'
import type { Item } from '../ports.ts'
import { move, readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { isBatchOpen } from './batch-items.ts'
import {
  type DependencyList,
  deleteWaiter,
  joinOfDependencies,
  readList,
  sameWaiter,
  type Waiter,
  waiterItem,
  waiterOf,
} from './dependency-items.ts'
import { eraOf } from './flow-of.ts'
import { addEnds } from './join.ts'
import { inChunks } from './list-all.ts'

/**
 * Ties a dependent to the tasks it waits for. With each: the note of who waits is written first, then the head is marked
 * as awaited, which is a conditional write. If it takes, the end comes after it, and whoever follows that end finds the
 * note; if the task has ended, it counts at once (protocol 2, 26). Doing it again is harmless.
 */
export interface WireAsk {
  /** Those of its dependencies, by their places in the list; all where it is not said. */
  readonly places?: readonly number[] | undefined
  /** It was wired before: what stands is left as it is. */
  readonly isAgain?: boolean | undefined
}

const wiredAtOnce = 50

export async function wireDependencies(world: World, head: Head, ask: WireAsk = {}): Promise<void> {
  const list = await readList(world, head)
  const { places = [...list.on.keys()], isAgain = false } = ask
  const ended: number[] = []
  const failed: number[] = []
  await inChunks(places, wiredAtOnce, async (place) => {
    const state = await wireOne(world, { head, list, place, isAgain })
    if (state !== 'open') ended.push(place)
    if (state === 'failed') failed.push(place)
  })
  if (ended.length > 0) await addEnds(world, joinOfDependencies(head), { ended, failed })
}

interface OneAsk {
  readonly head: Head
  readonly list: DependencyList
  readonly place: number
  readonly isAgain: boolean
}

type End = 'open' | 'succeeded' | 'failed'

async function wireOne(world: World, { head, list, place, isAgain }: OneAsk): Promise<End> {
  const dependency = list.on[place]
  if (dependency === undefined) throw new Error(`task ${head.id}: there is no dependency ${place}`)
  const before = await readDependency(world, dependency, list)
  if (before === 'yet-to-come') return 'open'
  if (before === undefined || isTerminal(before.status)) return endOf(before)
  const waiter = { born: head.born, index: place, count: list.on.length, era: eraOf(head) }
  const note = await noteWaiter(world, { dependency, taskId: head.id, waiter, isAgain })
  const writer = world.ids.token()
  const outcome = await move(world, {
    taskId: dependency,
    writer,
    decide: (current) => decide(current, { kind: 'await', now: world.clock.now(), writer }),
  })
  if (outcome.kind !== 'absent' && !isTerminal(outcome.head.status)) return 'open'
  await deleteWaiter(world, note)
  return endOf(outcome.kind === 'absent' ? undefined : outcome.head)
}

/** Absent and unseen is as good as failed: nobody can tell any more what became of it. */
function endOf(dependency: Head | undefined): 'succeeded' | 'failed' {
  return dependency?.status === 'succeeded' ? 'succeeded' : 'failed'
}

/** A batch that is open has yet to make some of its tasks; one that was closed meanwhile has made them all. */
async function readDependency(
  world: World,
  dependency: string,
  { batchId }: DependencyList,
): Promise<Head | 'yet-to-come' | undefined> {
  const head = await readHead(world, dependency)
  if (head !== undefined || batchId === undefined) return head
  return (await isBatchOpen(world, batchId)) ? 'yet-to-come' : readHead(world, dependency)
}

interface NoteAsk {
  readonly dependency: string
  readonly taskId: string
  readonly waiter: Waiter
  readonly isAgain: boolean
}

async function noteWaiter(world: World, ask: NoteAsk): Promise<Item> {
  if (ask.isAgain) {
    const standing = await world.store.get(waiterKey(ask.dependency, ask.taskId))
    if (standing !== undefined && sameWaiter(waiterOf(standing), ask.waiter)) return standing
  }
  const item = waiterItem(world, ask)
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
  return item
}

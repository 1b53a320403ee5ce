import type { NewTask } from '../contract/new-task.ts'
import type { HeldFile } from '../files/held-file.ts'
import { batchKey, batchPartKey, batchPartPrefix } from '../keys.ts'
import type { Condition, Item } from '../ports.ts'
import type { ResolvedCommand } from '../tasks/create.ts'
import type { World } from '../world.ts'
import { inChunks, listAll } from './list-all.ts'

/** How a batch whose tasks depend on each other lies in the table: one item, and parts beside it where it is large. */

/** One task of it: all that is needed to make it, the same by whomever. */
export interface PlannedTask {
  readonly id: string
  readonly born: string
  readonly task: NewTask
  /** Place among the batch's commands. */
  readonly command: number
  readonly argumentsBytes: number
  readonly files?: readonly HeldFile[] | undefined
  /** What it depends on: places in the batch, and ids of tasks that are there. */
  readonly on: readonly (number | string)[]
}

export interface BatchPlan {
  readonly by: string
  readonly commands: readonly ResolvedCommand[]
  readonly tasks: readonly PlannedTask[]
}

/**
 * `preparing`: its parts are being written, and it may never come. `open`: it is accepted, and whoever finds it makes
 * what is missing (protocol 27). `closed`: all is made.
 */
export type Batch = {
  readonly requestHash?: string | undefined
} & (
  | { readonly state: 'preparing' }
  | ({
      readonly state: 'open'
      /** When it was accepted: its tasks are that old, and their relative times count from there. */
      readonly at: number
      readonly looks: number
      /** Its tasks are none here, but in the parts. */
      readonly isApart?: true | undefined
    } & BatchPlan)
  | { readonly state: 'closed' }
)

export type OpenBatch = Extract<Batch, { state: 'open' }>

export function batchOf(item: Item): Batch {
  return item.data as Batch
}

export function openBatchOf(item: Item): OpenBatch {
  const batch = batchOf(item)
  if (batch.state !== 'open') throw new Error(`${item.pk}: the batch is ${batch.state}`)
  return batch
}

export function readBatch(world: World, batchId: string): Promise<Item | undefined> {
  return world.store.get(batchKey(batchId))
}

export async function isBatchOpen(world: World, batchId: string): Promise<boolean> {
  const item = await readBatch(world, batchId)
  return item !== undefined && batchOf(item).state === 'open'
}

/** The item, if it took the place of the one seen there, or of none. Its own echo, after a lost answer, is a yes. */
export async function replaceItem(world: World, item: Item, seen: Item | undefined): Promise<Item | undefined> {
  const condition: Condition = seen === undefined ? { kind: 'absent' } : { kind: 'at', born: seen.born, n: seen.n }
  const outcome = await world.store.commit({ write: { kind: 'put', item, condition } })
  if (outcome.kind === 'written') return item
  const { current } = outcome
  return current?.born === item.born && current.n === item.n ? item : undefined
}

/** An item may have 400 KB; one task has at most some 300. */
const inlineBytesMost = 300_000
const partBytesMost = 250_000
const partsAtOnce = 10

/** The tasks in portions that each fit an item: one, where all of them fit the batch itself. */
export function portionsOf(tasks: readonly PlannedTask[]): readonly (readonly PlannedTask[])[] {
  const sizes = tasks.map((task) => new TextEncoder().encode(JSON.stringify(task)).byteLength)
  if (sizes.reduce((sum, bytes) => sum + bytes, 0) <= inlineBytesMost) return [tasks]
  const portions: PlannedTask[][] = []
  let portion: PlannedTask[] = []
  let bytes = 0
  for (const [index, task] of tasks.entries()) {
    const taskBytes = sizes[index] ?? 0
    if (portion.length > 0 && bytes + taskBytes > partBytesMost) {
      portions.push(portion)
      portion = []
      bytes = 0
    }
    portion.push(task)
    bytes += taskBytes
  }
  return [...portions, portion]
}

/** Under the birth of their batch: of two that are prepared under one key, neither gets parts of the other. */
export async function writeParts(
  world: World,
  { batchId, born }: { readonly batchId: string; readonly born: string },
  portions: readonly (readonly PlannedTask[])[],
): Promise<void> {
  await inChunks([...portions.entries()], partsAtOnce, ([index, data]) => {
    const item: Item = { ...batchPartKey(batchId, born, index), born, n: 1, data }
    return world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
  })
}

export async function readTasks(world: World, item: Item, batch: OpenBatch): Promise<readonly PlannedTask[]> {
  if (batch.isApart !== true) return batch.tasks
  const parts = await listAll(world, { pk: item.pk, prefix: batchPartPrefix(item.born) })
  return parts.flatMap(({ data }) => data as readonly PlannedTask[])
}

export async function deleteParts(world: World, { pk, born }: Item): Promise<void> {
  const parts = await listAll(world, { pk, prefix: batchPartPrefix(born) })
  await inChunks(parts, partsAtOnce, ({ sk }) =>
    world.store.commit({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'any' } } }),
  )
}

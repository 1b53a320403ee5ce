import { holdFiles, letGo } from '#core/files/hold'
import { commitBatch, finishBatch } from '#core/flow/batch'
import { batchOf, type PlannedTask, readBatch } from '#core/flow/batch-items'
import { inChunks } from '#core/flow/list-all'
import type { Item } from '#core/ports'
import type { ResolvedCommand } from '#core/tasks/create'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { checkDag, type Edges } from './check-dag.ts'
import { fieldOf, filesAsked } from './check-files.ts'
import { type CheckedTask, checkTasks, type Door } from './check-tasks.ts'
import { type CreateAsk, type Created, clash, unavailable, uncheckedHash } from './created.ts'
import { refusal } from './field-issues.ts'
import { batchIdOfKey, idempotencyKeyOf, idsOfBatchKey } from './task-ids.ts'

/**
 * A batch whose tasks depend on each other: checked as a whole, accepted by one write, and made from that (protocol 27).
 * The same call again finds it open and finishes it, or finds its tasks.
 */
interface Dag {
  readonly batchId: string
  readonly ids: readonly string[]
  /** Present exactly when the ids come from the caller's key. */
  readonly requestHash: string | undefined
}

/** How often another call under the same key may come in between, each of which gets on with it. */
const triesMost = 4
const readAtOnce = 100

export async function createDag(door: Door, ask: CreateAsk): Promise<readonly Created[]> {
  const { world } = door
  const key = idempotencyKeyOf(ask.headers)
  const count = ask.tasks.length
  const dag: Dag =
    key === undefined
      ? { batchId: world.ids.next(), ids: ask.tasks.map(() => world.ids.next()), requestHash: undefined }
      : {
          batchId: batchIdOfKey(world.ids, key),
          ids: idsOfBatchKey(world.ids, key, count),
          requestHash: await uncheckedHash(world, ask),
        }
  for (let tries = 0; tries < triesMost; tries++) {
    const created = await tryOnce(door, ask, dag)
    if (created !== undefined) return created
  }
  throw unavailable(new Error(`batch ${dag.batchId}: other calls came in between ${triesMost} times`), true)
}

/** Undefined: another call under the same key was faster. */
async function tryOnce(door: Door, ask: CreateAsk, dag: Dag): Promise<readonly Created[] | undefined> {
  const { world } = door
  const before = dag.requestHash === undefined ? undefined : await readBatch(world, dag.batchId)
  if (before !== undefined && batchOf(before).state === 'open') {
    if (batchOf(before).requestHash !== dag.requestHash) throw clash({ id: dag.ids[0] ?? '' })
    return finish(world, ask, { dag, item: before, isAgain: true })
  }
  const standing = await standingOf(world, ask, dag)
  if (standing !== undefined) return standing
  const at = (index: number) => `/tasks/${index}`
  const checked = await checkTasks(door, { tasks: ask.tasks.map(withoutRef), by: ask.principal, at })
  const edges = await checkDag(world, ask.tasks)
  const planned = plan(world, dag, checked, edges)
  await holdAll(world, ask, planned.tasks)
  const item = await accepted(world, ask, { dag, planned, before })
  if (item !== undefined) return finish(world, ask, { dag, item, isAgain: false })
  await letAllGo(world, planned.tasks)
  return undefined
}

/** What an earlier call made of it. Where some are gone since, these are made anew, as of any batch. */
async function standingOf(world: World, ask: CreateAsk, dag: Dag): Promise<readonly Created[] | undefined> {
  if (dag.requestHash === undefined) return undefined
  const heads = await inChunks(dag.ids, readAtOnce, (id) => readHead(world, id))
  const other = heads.find((head) => head !== undefined && head.requestHash !== dag.requestHash)
  if (other !== undefined) throw clash(other)
  const all = heads.flatMap((head, index) => {
    const task = ask.tasks[index]
    return head === undefined || task === undefined ? [] : [{ kind: 'existing' as const, head, task }]
  })
  return all.length === dag.ids.length ? all : undefined
}

function withoutRef({ ref: _ref, ...task }: CreateAsk['tasks'][number]) {
  return task
}

interface Plan {
  readonly commands: readonly ResolvedCommand[]
  readonly tasks: readonly PlannedTask[]
}

function plan(world: World, { ids }: Dag, checked: readonly CheckedTask[], edges: Edges): Plan {
  // Most tasks of a batch are of few commands: each is kept once.
  const commands = new Map<string, { readonly command: ResolvedCommand; readonly place: number }>()
  const placeOf = (command: ResolvedCommand): number => {
    const text = JSON.stringify(command)
    const standing = commands.get(text) ?? { command, place: commands.size }
    commands.set(text, standing)
    return standing.place
  }
  const tasks = checked.map(({ task, command, argumentsText = '', files }, index): PlannedTask => {
    const { dependsOn: _dependsOn, ...own } = task
    return {
      id: ids[index] ?? '',
      born: world.ids.token(),
      task: own,
      command: placeOf(command),
      argumentsBytes: Buffer.byteLength(argumentsText),
      files,
      on: edges[index] ?? [],
    }
  })
  return { commands: [...commands.values()].map(({ command }) => command), tasks }
}

/** Payloads are held before the batch is accepted, under the births that its tasks will have. */
async function holdAll(world: World, ask: CreateAsk, planned: readonly PlannedTask[]): Promise<void> {
  for (const [index, { id: taskId, born, task, files }] of planned.entries()) {
    if (files === undefined) continue
    const held = await holdFiles(world, { taskId, born, by: ask.principal, files: filesAsked(task) })
    if (held.kind === 'files') continue
    await letAllGo(world, planned.slice(0, index))
    throw refusal('invalid', [{ field: fieldOf(task, held.index, `/tasks/${index}`), message: held.message }])
  }
}

async function letAllGo(world: World, planned: readonly PlannedTask[]): Promise<void> {
  for (const { id: taskId, born, task, files } of planned) {
    if (files !== undefined) await letGo(world, { taskId, born, files: filesAsked(task) })
  }
}

interface Accepting {
  readonly dag: Dag
  readonly planned: Plan
  readonly before: Item | undefined
}

async function accepted(world: World, ask: CreateAsk, { dag, planned, before }: Accepting) {
  const { batchId, requestHash } = dag
  const batch = { batchId, requestHash, by: ask.principal, ...planned }
  try {
    return await commitBatch(world, batch, before)
  } catch (cause) {
    throw unavailable(cause, requestHash !== undefined)
  }
}

interface Finishing {
  readonly dag: Dag
  readonly item: Item
  readonly isAgain: boolean
}

async function finish(world: World, ask: CreateAsk, { dag, item, isAgain }: Finishing): Promise<readonly Created[]> {
  try {
    const rolled = await finishBatch(world, item, { isAgain })
    return rolled.flatMap(({ kind, head }, index) => {
      const task = ask.tasks[index]
      if (task === undefined) return []
      const isNew = kind === 'created' && !isAgain
      return [{ kind: isNew ? 'created' : 'existing', head, task } as const]
    })
  } catch (cause) {
    // Accepted all the same: the clock makes the rest.
    throw unavailable(cause, dag.requestHash !== undefined)
  }
}

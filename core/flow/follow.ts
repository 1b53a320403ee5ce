import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { headSk, isSignalSk, isTaskPk, type JoinOf, taskIdOf } from '../keys.ts'
import { headOf } from '../layout.ts'
import { decide } from '../lifecycle.ts'
import type { Change } from '../ports.ts'
import { move, readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { dependencyEnded } from './dependencies.ts'
import type { Parent } from './flow.ts'
import { addEnds, type JoinAdded } from './join.ts'
import { inChunks } from './list-all.ts'
import { keepChildren, orphanChild, payDebt } from './orphans.ts'
import { wakeIfOver, wakeTask } from './wake.ts'

/**
 * What follows from changes in workflows: ends of sub tasks count for their parents, ends that others depend on release
 * them, a parent's end reaches its sub tasks, a signal wakes. A record that moves another head is only a key: that head
 * is read anew, and told twice is told once (protocol 37).
 */
export async function followFlows(world: World, changes: readonly Change[]): Promise<void> {
  const { born, ended, awaited, owing, revived, signaled } = gather(changes)
  const heads = born.length + ended.length + awaited.length + owing.length + revived.length
  if (heads + signaled.size === 0) return
  await Promise.all([
    followChildren(world, born, ended),
    ...(awaited.length === 0 ? [] : [dependencyEnded(world, awaited)]),
    ...owing.map(({ id }) => payDebt(world, id)),
    ...revived.map((head) => keepChildren(world, head)),
    ...[...signaled].map((taskId) => wakeTask(world, taskId)),
  ])
}

interface Gathered {
  /** Sub tasks that came to be, or are their parent's again. */
  readonly born: Head[]
  /** Sub tasks that ended. */
  readonly ended: Head[]
  readonly awaited: Head[]
  readonly owing: Head[]
  /** Begun anew by hand: who did that may have died before its sub tasks were kept for it. */
  readonly revived: Head[]
  readonly signaled: Set<string>
}

function gather(changes: readonly Change[]): Gathered {
  const gathered: Gathered = { born: [], ended: [], awaited: [], owing: [], revived: [], signaled: new Set() }
  for (const { pk, sk, before, after } of changes) {
    if (after === undefined || !isTaskPk(pk)) continue
    if (isSignalSk(sk) && before === undefined) gathered.signaled.add(taskIdOf(pk))
    if (sk !== headSk) continue
    const head = headOf(after)
    const { flow } = head
    if (flow === undefined) continue
    const was = before === undefined || before.born !== after.born ? undefined : headOf(before)
    const isEnd = isTerminal(head.status) && (was === undefined || !isTerminal(was.status))
    const isRejoined = was?.flow?.parent?.isOver === true && flow.parent?.isOver !== true
    if (flow.parent !== undefined && (was === undefined || isRejoined)) gathered.born.push(head)
    if (flow.parent !== undefined && isEnd) gathered.ended.push(head)
    if (flow.isAwaited === true && isEnd) gathered.awaited.push(head)
    if (flow.owes === true) gathered.owing.push(head)
    const isRevived = was !== undefined && isTerminal(was.status) && !isTerminal(head.status)
    // What is kept again keeps what is below it.
    if (isRevived || (isRejoined && flow.hasChildren === true)) gathered.revived.push(head)
  }
  return gathered
}

interface Family {
  readonly parent: Parent
  readonly born: Head[]
  readonly ended: Head[]
}

/** By parent and step, so that a batch of ends costs a write a set, and a look at the parent. */
async function followChildren(world: World, born: readonly Head[], ended: readonly Head[]): Promise<void> {
  const families = new Map<string, Family>()
  const familyOf = ({ flow }: Head): Family | undefined => {
    const parent = flow?.parent
    if (parent === undefined) return undefined
    const key = `${parent.id} ${parent.born} ${parent.step} ${parent.era}`
    const family = families.get(key) ?? { parent, born: [], ended: [] }
    families.set(key, family)
    return family
  }
  for (const head of born) familyOf(head)?.born.push(head)
  for (const head of ended) familyOf(head)?.ended.push(head)
  await inChunks([...families.values()], familiesAtOnce, (family) => followFamily(world, family))
}

const familiesAtOnce = 20
const orphansAtOnce = 50

async function followFamily(world: World, { parent, born, ended }: Family): Promise<void> {
  const { step, era, count } = parent
  const join: JoinOf = { taskId: parent.id, born: parent.born, step, era, count }
  const before = await readHead(world, parent.id)
  // Whoever is gone, or ended, waits for nobody: its sub tasks get the end of their retention, or are canceled.
  if (before === undefined || before.born !== parent.born || isTerminal(before.status) || before.cancel !== undefined) {
    const ids = [...new Set([...born, ...ended].map(({ id }) => id))]
    await inChunks(ids, orphansAtOnce, (id) => orphanChild(world, id, parent, before))
    if (before?.cancel === undefined) return
  }
  if (ended.length === 0) return
  const failed = ended.filter(({ status }) => status !== 'succeeded').map(placeOf)
  const added = await addEnds(world, join, { ended: ended.map(placeOf), failed })
  // Read after the sets were written: who suspends meanwhile has looked at them after he did (protocol 2, 23).
  const after = await readHead(world, parent.id)
  if (after === undefined || after.status !== 'suspended') return
  const mayBeOver = added.isFull || failed.length > 0 || parent.onFailure === undefined || isEarly(parent)
  if (mayBeOver && (await wakeIfOver(world, after))) return
  await showProgress(world, after, parent, added)
}

function placeOf({ flow }: Head): number {
  return flow?.parent?.index ?? 0
}

function isEarly({ onFailure }: Parent): boolean {
  return onFailure === 'first-success'
}

const progressStep = 10

/** The parent's progress follows its sub tasks, by tenths: its head is not written for each of ten thousand. */
async function showProgress(world: World, head: Head, { count, step }: Parent, { ended }: JoinAdded): Promise<void> {
  const percent = Math.floor((ended / count) * 100)
  const tenth = (each: number) => Math.floor(each / progressStep)
  // Of an earlier step, or of the run itself, it says nothing about these.
  const shown = ({ progress }: Head) => (progress?.message?.startsWith(`${step}:`) === true ? progress.percent : 0)
  if (ended === 0 || tenth(percent) <= tenth(shown(head))) return
  const writer = world.ids.token()
  const progress = { percent, message: `${step}: ${ended} of ${count} sub tasks have ended` }
  await move(world, {
    taskId: head.id,
    writer,
    known: head,
    decide: (current) =>
      tenth(percent) > tenth(shown(current))
        ? decide(current, { kind: 'observe', now: world.clock.now(), writer, progress })
        : { kind: 'refused', reason: 'not-over' },
  })
}

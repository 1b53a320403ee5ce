import type { OnFailure } from '../contract/steps.ts'
import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { childrenKey } from '../keys.ts'
import type { CreateOutcome } from '../tasks/create.ts'
import { readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { type Children, childId, joinOf, readChildrenOf } from './children.ts'
import type { Flow, Parent } from './flow.ts'
import { eraOf } from './flow-of.ts'
import { addEnds } from './join.ts'
import { inChunks } from './list-all.ts'
import { orphanChild } from './orphans.ts'
import { rejoin } from './rejoin.ts'

/** One sub task that is about to be made, checked at the door. */
export interface ChildSpec {
  readonly requestHash: string
  readonly onParentEnd: Parent['onEnd']
  /** Makes it under this id, as part of this flow: bell first, head second, as any task. */
  readonly create: (id: string, flow: Flow) => Promise<CreateOutcome>
}

export interface ChildrenAsk {
  readonly parent: Head
  readonly step: string
  readonly count: number
  readonly from: number
  readonly specs: readonly ChildSpec[]
  /** Of a call. */
  readonly onFailure?: OnFailure | undefined
}

export type ChildrenOutcome =
  | { readonly kind: 'created'; readonly ids: readonly string[]; readonly children: Children }
  /** The same place of the same step was filled with something else before. */
  | { readonly kind: 'diverged'; readonly index: number }
  | { readonly kind: 'invalid'; readonly index: number; readonly field: string; readonly message: string }

export const createsAtOnce = 100

/**
 * Makes the sub tasks of a step: one marker for all of them, then each, then a look whether the parent is still there
 * (protocol 20, 21). Whoever does it again makes the same.
 */
export async function createChildren(world: World, ask: ChildrenAsk): Promise<ChildrenOutcome> {
  const { parent, step, count, from, specs } = ask
  let children = await markChildren(world, parent, { step, count })
  const kept: number[] = []
  const made = await inChunks([...specs.entries()], createsAtOnce, async ([offset, spec]) => {
    const index = from + offset
    const outcome = await createChild(world, ask, { spec, index, children })
    if (outcome.kind === 'kept') kept.push(index)
    return { index, outcome }
  })
  const ids: string[] = []
  const attempts: Record<string, number> = {}
  for (const { index, outcome } of made) {
    if (outcome.kind === 'diverged' || outcome.kind === 'invalid') return { ...outcome, index }
    ids.push(outcome.id)
    if (outcome.kind === 'anew') attempts[index] = children.era
  }
  if (Object.keys(attempts).length > 0) children = await noteAttempts(world, parent, children, attempts)
  if (kept.length > 0) await addEnds(world, joinOf(parent, children), { ended: kept, failed: [] })
  const standing = await readHead(world, parent.id)
  if (standing === undefined || standing.born !== parent.born || isTerminal(standing.status) || standing.cancel) {
    await inChunks(ids, createsAtOnce, (id) => orphanChild(world, id, parent, standing))
  }
  return { kind: 'created', ids, children }
}

/** Only the first of an era writes it; what a retry made anew before stays where it is. */
export async function markChildren(
  world: World,
  parent: Head,
  { step, count }: Pick<Children, 'step' | 'count'>,
): Promise<Children> {
  const era = eraOf(parent)
  const before = era === 0 ? undefined : await readChildrenOf(world, parent, step)
  const children: Children = { step, count, era, attempts: before?.attempts ?? {} }
  const item = { ...childrenKey(parent.id, parent.born, step, era), born: world.ids.token(), n: 1, data: children }
  const outcome = await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'absent' } } })
  return outcome.kind === 'written' ? children : ((outcome.current?.data as Children | undefined) ?? children)
}

async function noteAttempts(
  world: World,
  parent: Head,
  children: Children,
  attempts: Readonly<Record<string, number>>,
): Promise<Children> {
  const noted: Children = { ...children, attempts: { ...children.attempts, ...attempts } }
  const key = childrenKey(parent.id, parent.born, children.step, children.era)
  const item = { ...key, born: world.ids.token(), n: 1, data: noted }
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
  return noted
}

type ChildOutcome =
  | { readonly kind: 'new' | 'kept' | 'anew'; readonly id: string }
  | { readonly kind: 'diverged' }
  | { readonly kind: 'invalid'; readonly field: string; readonly message: string }

interface OneAsk {
  readonly spec: ChildSpec
  readonly index: number
  readonly children: Children
}

async function createChild(world: World, ask: ChildrenAsk, { spec, index, children }: OneAsk): Promise<ChildOutcome> {
  const { parent } = ask
  const id = childId(world, parent, children, index)
  const flow = flowOfChild(ask, { spec, index, children })
  if (children.era > 0 && children.attempts[index] !== children.era) {
    const standing = await readHead(world, id)
    const isSame = standing !== undefined && standing.requestHash === spec.requestHash
    if (standing !== undefined && (isSame || standing.status === 'succeeded')) {
      return { kind: (await rejoin(world, standing, children.era)) === 'succeeded' ? 'kept' : 'new', id }
    }
    // Asked for otherwise than before: a task of its own, in the place of the one that failed.
    if (standing !== undefined) {
      const attempts = { ...children.attempts, [index]: children.era }
      return created(await spec.create(childId(world, parent, { ...children, attempts }, index), flow), 'anew')
    }
  }
  return created(await spec.create(id, flow), 'new')
}

function created(outcome: CreateOutcome, kind: 'new' | 'anew'): ChildOutcome {
  switch (outcome.kind) {
    case 'created':
    case 'existing':
      return { kind, id: outcome.head.id }
    case 'clash':
      return { kind: 'diverged' }
    case 'invalid':
      return { kind: 'invalid', field: outcome.field, message: outcome.message }
    default:
      return outcome satisfies never
  }
}

function flowOfChild({ parent, step, count, onFailure }: ChildrenAsk, { spec, index, children }: OneAsk): Flow {
  const { flow } = parent
  const isolationKey = flow?.isolationKey
  return {
    parent: {
      id: parent.id,
      born: parent.born,
      ...{ step, index, count },
      era: children.era,
      depth: depthOf(parent) + 1,
      onEnd: spec.onParentEnd,
      ...(onFailure === undefined ? {} : { onFailure }),
    },
    rootId: flow?.rootId ?? parent.id,
    ...(isolationKey === undefined ? {} : { isolationKey }),
  }
}

export function depthOf({ flow }: Head): number {
  return flow?.parent?.depth ?? 0
}

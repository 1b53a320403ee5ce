import type { OnFailure, OpenWait } from '../contract/steps.ts'
import type { Head } from '../head.ts'
import type { World } from '../world.ts'
import { type Children, childId, joinOf, readChildrenOf } from './children.ts'
import { eraOf } from './flow-of.ts'
import { readJoin, readMembers } from './join.ts'
import { joinError, joinedOf } from './joined.ts'
import { remember, type StoredStep, type StoredWait } from './remembered.ts'
import { consumeSignal, openSignals } from './signals.ts'

/**
 * Whether a wait is over. `isOver` only looks, for who wakes a task; `resolve` settles it for good, for who runs it. A
 * wake is a hint: a run looks at the facts and suspends again (protocol 23).
 */
export async function isOver(world: World, head: Head, { wait }: StoredWait): Promise<boolean> {
  const now = world.clock.now()
  switch (wait.kind) {
    case 'sleep':
      return wait.until <= now
    case 'step':
      return wait.until !== undefined && wait.until <= now
    case 'signal':
      if ((await openSignals(world, head, wait.name, wait.id)).length > 0) return true
      return wait.until !== undefined && wait.until <= now
    case 'wait':
      return (await outcomeOfWait(world, head, wait)) !== undefined
    default:
      return wait satisfies never
  }
}

/** The step that the wait became, or undefined while it is open. A step between two tries never is: its run decides. */
export async function resolve(world: World, head: Head, stored: StoredWait): Promise<StoredStep | undefined> {
  const { wait, kind, at } = stored
  const now = world.clock.now()
  const base = { id: wait.id, kind, era: eraOf(head), startedAt: at, endedAt: now } as const
  switch (wait.kind) {
    case 'step':
      return undefined
    case 'sleep':
      return wait.until <= now ? remember(world, head, { ...base, state: 'done' }) : undefined
    case 'signal': {
      // Signals before time limits: one that came in time must not be lost to a slow wake (protocol 24).
      const signal = await consumeSignal(world, head, wait.name, wait.id)
      if (signal !== undefined) return remember(world, head, { ...base, state: 'done', output: signal.data ?? null })
      if (wait.until === undefined || wait.until > now) return undefined
      const message = `the signal ${wait.name} did not come in time`
      const error = { code: 'signal-timeout', message, retryable: false }
      return remember(world, head, { ...base, state: 'failed', error })
    }
    case 'wait': {
      const outcome = await outcomeOfWait(world, head, wait)
      if (outcome === undefined) return undefined
      const joined = await joinedOf(world, head, outcome)
      const error = joinError(outcome, joined)
      if (error !== undefined) return remember(world, head, { ...base, of: wait.of, state: 'failed', error })
      return remember(world, head, { ...base, of: wait.of, state: 'done', output: JSON.parse(JSON.stringify(joined)) })
    }
    default:
      return wait satisfies never
  }
}

type ChildWait = Extract<OpenWait, { kind: 'wait' }>

/** A part of a wait: which places of which sub tasks. */
export interface Part {
  readonly children: Children
  readonly indexes: readonly number[]
}

export interface WaitOutcome {
  readonly parts: readonly Part[]
  readonly onFailure: OnFailure
  /** By their place in the wait, counted over all parts. */
  readonly failed: readonly number[]
  readonly succeeded: readonly number[]
}

async function outcomeOfWait(world: World, head: Head, { of, onFailure }: ChildWait): Promise<WaitOutcome | undefined> {
  const parts = await partsOf(world, head, of)
  if (parts === undefined) return undefined
  const isDecidedEarly = onFailure === 'first-success' || parts.some(({ isSome }) => isSome)
  if (!isDecidedEarly) {
    const states = await Promise.all(parts.map(({ children }) => readJoin(world, joinOf(head, children))))
    const isFull = states.every((state) => state.isFull)
    if (!isFull && !(onFailure === 'fail' && states.some(({ anyFailed }) => anyFailed))) return undefined
  }
  const failed: number[] = []
  const succeeded: number[] = []
  let place = 0
  for (const { children, indexes } of parts) {
    const members = await readMembers(world, joinOf(head, children))
    for (const index of indexes) {
      if (members.failed.has(index)) failed.push(place)
      else if (members.ended.has(index)) succeeded.push(place)
      place++
    }
  }
  const isFull = failed.length + succeeded.length === place
  const isDecided =
    isFull || (onFailure === 'fail' && failed.length > 0) || (onFailure === 'first-success' && succeeded.length > 0)
  return isDecided ? { parts, onFailure, failed, succeeded } : undefined
}

/** Undefined: what they are is not written yet, by a run that died before it told. */
async function partsOf(
  world: World,
  head: Head,
  of: ChildWait['of'],
): Promise<readonly (Part & { readonly isSome: boolean })[] | undefined> {
  const parts: (Part & { readonly isSome: boolean })[] = []
  for (const { step, indexes } of of) {
    const children = await readChildrenOf(world, head, step)
    if (children === undefined) return undefined
    const all = indexes ?? Array.from({ length: children.count }, (_, index) => index)
    parts.push({ children, indexes: all, isSome: indexes !== undefined })
  }
  return parts
}

/** The ids of the sub tasks of a wait, in its order. */
export async function childIdsOfWait(world: World, head: Head, of: ChildWait['of']): Promise<readonly string[]> {
  const parts = (await partsOf(world, head, of)) ?? []
  return parts.flatMap(({ children, indexes }) => indexes.map((index) => childId(world, head, children, index)))
}

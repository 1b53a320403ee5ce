import type { Json } from '../contract/names.ts'
import type { OpenWait, StepKind, StepRecord } from '../contract/steps.ts'
import type { TaskError } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { stepKey, stepPrefix, waitKey, waitPrefix } from '../keys.ts'
import type { Condition, Item } from '../ports.ts'
import type { World } from '../world.ts'
import { eraOf } from './flow-of.ts'
import { listAll } from './list-all.ts'

/**
 * What a task remembers of its steps. A step that is over is one item with one writer: whoever comes second gets what
 * stands there, so its result never changes (protocol 17). A failure counts in its own era alone: when a person begins
 * the task anew, what failed for good is done again.
 */
export interface StoredStep {
  readonly id: string
  readonly kind: StepKind
  readonly state: 'done' | 'failed'
  readonly era: number
  readonly output?: Json | undefined
  readonly outputPayload?: string | undefined
  readonly error?: TaskError | undefined
  readonly startedAt?: number | undefined
  readonly endedAt: number
  readonly tries?: number | undefined
  readonly count?: number | undefined
  /** Of a wait that is over: for whoever pages through the outputs. */
  readonly of?: Extract<OpenWait, { kind: 'wait' }>['of'] | undefined
  readonly attempts?: Readonly<Record<string, number>> | undefined
}

/** A wait as it was first asked for, and the kind of step that asked. */
export interface StoredWait {
  readonly wait: OpenWait
  readonly kind: StepKind
  readonly era: number
  readonly at: number
}

const triesMost = 5

/**
 * Answers what is remembered from now on, which is what somebody else told if he was first.
 *
 * @param hadWait an open wait of it goes; looking for one that never was would cost a write
 */
export async function remember(world: World, head: Head, step: StoredStep, hadWait = true): Promise<StoredStep> {
  const key = stepKey(head.id, head.born, step.id)
  let standing: Item | undefined
  for (let tries = 0; tries < triesMost; tries++) {
    const item: Item = { ...key, born: standing?.born ?? world.ids.token(), n: (standing?.n ?? 0) + 1, data: step }
    const condition =
      standing === undefined
        ? ({ kind: 'absent' } as const)
        : ({ kind: 'at', born: standing.born, n: standing.n } as const)
    const outcome = await world.store.commit({ write: { kind: 'put', item, condition } })
    if (outcome.kind === 'written') {
      if (hadWait) await forgetWait(world, head, step.id)
      return step
    }
    standing = outcome.current
    const there = standing?.data as StoredStep | undefined
    // Who speaks of an era that is over, a zombie or a late message, takes nothing from the one of today.
    if (there !== undefined && (countsIn(there, step.era) || there.era > step.era)) return there
  }
  throw new Error(`task ${head.id}: its step ${step.id} changed ${triesMost} times in a row`)
}

/**
 * The first to ask settles what is waited for: a restart lengthens no sleep. Only a step between its tries moves on, from
 * one to the next and with the input that it had: a late message does not set it back.
 */
export async function openWait(
  world: World,
  head: Head,
  { wait, kind }: Pick<StoredWait, 'wait' | 'kind'>,
): Promise<StoredWait> {
  const key = waitKey(head.id, head.born, wait.id)
  let data: StoredWait = { wait, kind, era: eraOf(head), at: world.clock.now() }
  let standing: Item<StoredWait> | undefined
  for (let tries = 0; tries < triesMost; tries++) {
    const { born, n } = standing ?? { born: world.ids.token(), n: 0 }
    const condition: Condition = standing === undefined ? { kind: 'absent' } : { kind: 'at', born, n }
    const item: Item = { ...key, born, n: n + 1, data }
    const outcome = await world.store.commit({ write: { kind: 'put', item, condition } })
    if (outcome.kind === 'written') return data
    standing = outcome.current as Item<StoredWait> | undefined
    if (standing === undefined) continue
    const next = nextTry(standing.data.wait, wait)
    if (next === undefined) return standing.data
    data = { ...data, wait: next }
  }
  throw new Error(`task ${head.id}: its wait ${wait.id} changed ${triesMost} times in a row`)
}

/** Undefined: what stands there is to stay. */
function nextTry(standing: OpenWait, wait: OpenWait): OpenWait | undefined {
  if (standing.kind !== 'step' || wait.kind !== 'step' || (wait.tries ?? 0) <= (standing.tries ?? 0)) return undefined
  return 'input' in standing ? { ...wait, input: standing.input } : wait
}

async function forgetWait(world: World, head: Head, id: string): Promise<void> {
  const key = waitKey(head.id, head.born, id)
  await world.store.commit({ write: { kind: 'delete', key, condition: { kind: 'any' } } })
}

export interface Remembered {
  readonly steps: readonly StoredStep[]
  readonly waits: readonly StoredWait[]
}

/** All that counts for a run of today: steps that are over, and waits that are open. */
export async function readRemembered(world: World, head: Head): Promise<Remembered> {
  const { id, born } = head
  // A step is written, then its wait goes: who reads in this order meets one of them, whoever settles it meanwhile.
  const waits = await readWaits(world, head)
  const stepItems = await listAll(world, { pk: `T#${id}`, prefix: stepPrefix(born) })
  const steps = stepItems.map(({ data }) => data as StoredStep).filter((step) => countsIn(step, eraOf(head)))
  const over = new Set(steps.map((step) => step.id))
  return { steps, waits: waits.filter(({ wait }) => !over.has(wait.id)) }
}

export async function readWaits(world: World, { id, born }: Head): Promise<readonly StoredWait[]> {
  const items = await listAll(world, { pk: `T#${id}`, prefix: waitPrefix(born) })
  return items.map(({ data }) => data as StoredWait)
}

export async function readStep(world: World, head: Head, step: string): Promise<StoredStep | undefined> {
  const item = await world.store.get(stepKey(head.id, head.born, step))
  const stored = item?.data as StoredStep | undefined
  return stored !== undefined && countsIn(stored, eraOf(head)) ? stored : undefined
}

function countsIn({ state, era }: StoredStep, now: number): boolean {
  return state === 'done' || era === now
}

export function recordOf(step: StoredStep): StepRecord {
  const { era: _era, of: _of, ...record } = step
  return record
}

export function recordOfWait({ wait, kind, at }: StoredWait): StepRecord {
  return { id: wait.id, kind, state: 'open', startedAt: at, wait }
}

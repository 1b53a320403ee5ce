import type { OpenWait } from '../contract/steps.ts'
import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import { move, readHead } from '../tasks/move.ts'
import { iso } from '../wire.ts'
import type { World } from '../world.ts'
import { beginAgain } from './begin-again.ts'
import type { Suspension } from './flow.ts'
import { eraOf } from './flow-of.ts'
import { openWait, recordOf, type StoredStep, type StoredWait } from './remembered.ts'
import { resolve } from './resolve.ts'
import { wakeIfOver } from './wake.ts'

export interface SuspendAsk {
  readonly taskId: string
  readonly run: string
  /** All that the run waits for. */
  readonly waits: readonly OpenWait[]
  readonly known?: Head | undefined
}

export type SuspendOutcome =
  | { readonly kind: 'suspended'; readonly head: Head }
  /** Some of it is over already: the run goes on, and nothing was given back. */
  | { readonly kind: 'resolved'; readonly records: readonly ReturnType<typeof recordOf>[] }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'lost'; readonly why: string }

/**
 * Gives the slot of a run back. The waits are written before the head, and looked at again after it: who ends one of
 * them either sees the suspended head, or is seen here (protocol 2, 23).
 */
export async function suspendRun(world: World, ask: SuspendAsk): Promise<SuspendOutcome> {
  const { taskId, run } = ask
  const head = ask.known ?? (await readHead(world, taskId))
  if (head?.run?.id !== run) return { kind: 'lost', why: "the task is not this run's" }
  const waits = await openWaits(world, head, ask.waits)
  const resolved = await resolveAll(world, head, waits)
  if (resolved.length > 0) return { kind: 'resolved', records: resolved.map(recordOf) }
  const writer = `${run}.suspend`
  const outcome = await move(world, {
    taskId,
    writer,
    known: head,
    decide: (current) =>
      decide(current, { kind: 'suspend', now: world.clock.now(), writer, run, suspension: suspensionOf(waits) }),
  })
  if (outcome.kind === 'absent') return { kind: 'lost', why: 'the task is gone' }
  if (outcome.kind === 'refused') {
    if (outcome.reason === 'cancel-asked') return { kind: 'cancel' }
    return { kind: 'lost', why: `the task is ${outcome.head.status} and not this run's` }
  }
  if (outcome.head.flow?.suspension?.isHinted === true) await wakeIfOver(world, outcome.head)
  return { kind: 'suspended', head: outcome.head }
}

/** As they stand: a wait that was asked for before keeps its time. */
export async function openWaits(world: World, head: Head, waits: readonly OpenWait[]): Promise<readonly StoredWait[]> {
  if (eraOf(head) > 0) await beginAgain(world, head, waits)
  return Promise.all(waits.map((wait) => openWait(world, head, { wait, kind: kindOf(wait) })))
}

/** A call's wait is for its own step; it was opened when its sub tasks were made. */
function kindOf(wait: OpenWait): StoredWait['kind'] {
  return wait.kind === 'wait' && wait.of.length === 1 && wait.of[0]?.step === wait.id ? 'call' : wait.kind
}

export async function resolveAll(
  world: World,
  head: Head,
  waits: readonly StoredWait[],
): Promise<readonly StoredStep[]> {
  const steps = await Promise.all(waits.map((wait) => resolve(world, head, wait)))
  return steps.filter((step) => step !== undefined)
}

const wordsMost = 3
/** So many are named in the head. */
const namedMost = 20

function suspensionOf(waits: readonly StoredWait[]): Suspension {
  const times = waits.flatMap(({ wait }) => ('until' in wait && wait.until !== undefined ? [wait.until] : []))
  const isHinted = waits.some(({ wait }) => wait.kind === 'signal' || wait.kind === 'wait')
  const words = waits.slice(0, wordsMost).map(({ wait }) => wordsOf(wait))
  const more = waits.length > wordsMost ? [`${waits.length - wordsMost} more`] : []
  return {
    on: [...words, ...more].join(', '),
    ...(times.length === 0 ? {} : { wakeAt: Math.min(...times) }),
    ...(isHinted ? { isHinted: true } : {}),
    ...(waits.length > namedMost ? {} : { waits: waits.map(({ wait }) => wait.id) }),
  }
}

function wordsOf(wait: OpenWait): string {
  switch (wait.kind) {
    case 'sleep':
      return `${wait.id}: until ${iso(wait.until)}`
    case 'signal':
      return `${wait.id}: the signal ${wait.name}`
    case 'wait':
      return `${wait.id}: sub tasks`
    case 'step':
      return `${wait.id}: its next try`
    default:
      return wait satisfies never
  }
}

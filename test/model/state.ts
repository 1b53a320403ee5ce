import type { Status } from '#core/contract/task'
import type { Head } from '#core/head'
import { aHead, aRun, noon } from '../support/heads.ts'

/**
 * One task, its bells, two instances, the clock and a person, with everything left out that does not matter to rules 8,
 * 9 and 12: versions are only "ahead of the head" or not, time is only "the lease is over" or not.
 */

export type InstanceName = 'A' | 'B'

export interface ModelHead {
  readonly status: Status
  readonly writer: string
  readonly owner: InstanceName | undefined
  readonly renewed: boolean
  readonly leaseOver: boolean
  readonly due: boolean
  readonly cancel: boolean
  readonly crashes: number
  readonly failures: number
}

export interface ModelBell {
  /** Rung for a write that has not come yet. */
  readonly ahead: boolean
  /** Visible or held. The hold of an instance that died or let go ends by itself: then it counts as visible. */
  readonly at: 'visible' | InstanceName
}

export type Ending = 'succeed' | 'fail' | 'hand-back'

/** `fresh`: the head is still the one that the bell was rung over. */
export interface Rung {
  readonly fresh: boolean
}

export type ModelInstance =
  | { readonly phase: 'idle' | 'got' | 'dropping' | 'own' | 'acking' | 'keeping' }
  /** The write is done and its answer lost: it is sent again. */
  | { readonly phase: 'unsure'; readonly of: 'claim' | 'renew' | Ending }
  | ({ readonly phase: 'rung'; readonly end: Ending } & Rung)

export type ModelHub = { readonly phase: 'idle' } | ({ readonly phase: 'rung' } & Rung)

export interface State {
  readonly head: ModelHead | undefined
  readonly bells: readonly ModelBell[]
  readonly A: ModelInstance
  readonly B: ModelInstance
  readonly clock: ModelHub
  readonly person: ModelHub
  readonly did: { readonly create: boolean; readonly retry: boolean; readonly cancel: boolean }
}

export const firstState: State = {
  head: undefined,
  bells: [],
  A: { phase: 'idle' },
  B: { phase: 'idle' },
  clock: { phase: 'idle' },
  person: { phase: 'idle' },
  did: { create: false, retry: false, cancel: false },
}

/** The same for states that differ only in the order of bells or in the instances' names. */
export function keyOf(state: State): string {
  const one = textOf(state, state.A, state.B, 'A')
  const other = textOf(state, state.B, state.A, 'B')
  return one < other ? one : other
}

/** The state in a few characters, with the instance `first` told as 1 and the other one as 2. */
function textOf(state: State, one: ModelInstance, two: ModelInstance, first: InstanceName): string {
  const { head, bells, clock, person, did } = state
  const counts = [0, 0, 0, 0, 0, 0]
  for (const bell of bells) {
    const place = bell.at === 'visible' ? 0 : bell.at === first ? 1 : 2
    const kind = place * 2 + (bell.ahead ? 1 : 0)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  const flags = `${bit(did.create)}${bit(did.retry)}${bit(did.cancel)}`
  const actors = `${actorText(one)}|${actorText(two)}|${actorText(clock)}|${actorText(person)}`
  return `${headText(head, state, first)}|${counts.join('')}|${actors}|${flags}`
}

function headText(head: ModelHead | undefined, state: State, first: InstanceName): string {
  if (head === undefined) return ''
  const { status, owner, crashes, failures } = head
  const flags = `${bit(head.renewed)}${bit(head.leaseOver)}${bit(head.due)}${bit(head.cancel)}`
  const of = owner === undefined ? 0 : owner === first ? 1 : 2
  return `${status}${of}${flags}${crashes}${failures}${writerText(head.writer, state, first)}`
}

/** Who wrote the head matters only to who does not know whether its own write happened. */
function writerText(writer: string, state: State, first: InstanceName): string {
  const name = writer.startsWith('A') ? 'A' : writer.startsWith('B') ? 'B' : undefined
  if (name === undefined || state[name].phase !== 'unsure') return ''
  return `${name === first ? 1 : 2}${writer.slice(1)}`
}

function actorText(actor: ModelInstance | ModelHub): string {
  if (actor.phase === 'unsure') return `unsure ${actor.of}`
  return actor.phase === 'rung' ? `rung${bit(actor.fresh)}${'end' in actor ? actor.end : ''}` : actor.phase
}

function bit(flag: boolean): 0 | 1 {
  return flag ? 1 : 0
}

const retry = { maxRuns: 2, minSeconds: 0, maxSeconds: 0, factor: 1, jitter: 'none' } as const

/** The head as core knows it, at noon. */
export function toCore(head: ModelHead): Head {
  const { status, writer, owner, crashes, failures } = head
  const lease = { leaseUntil: head.leaseOver ? noon - 1_000_000 : noon + 60_000, renewed: head.renewed }
  return aHead({
    status,
    writer,
    n: 5,
    crashCount: crashes,
    failureCount: failures,
    retry,
    ...(owner === undefined ? {} : { run: aRun({ id: owner, instance: owner, ...lease }) }),
    ...(head.due ? { due: noon } : {}),
    ...(head.cancel ? { cancel: { at: noon, by: 'ann', graceUntil: noon } } : {}),
  })
}

export function fromCore({ status, writer, run, due, cancel, crashCount, failureCount }: Head): ModelHead {
  return {
    status,
    writer,
    owner: run === undefined ? undefined : run.id === 'A' ? 'A' : 'B',
    renewed: run?.renewed === true,
    leaseOver: run !== undefined && run.leaseUntil < noon,
    due: due !== undefined,
    cancel: cancel !== undefined,
    crashes: crashCount,
    failures: failureCount,
  }
}

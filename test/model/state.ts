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
  /** Visible, held by a living instance, or held by one that died or let go: that hold ends by itself. */
  readonly at: 'visible' | InstanceName | 'nobody'
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
  const one = textOf(state)
  const other = textOf(swapped(state))
  return one < other ? one : other
}

function textOf({ head, bells, A, B, clock, person, did }: State): string {
  const sorted = bells.map(({ ahead, at }) => `${at}${ahead ? '+' : ''}`).sort()
  return JSON.stringify([head === undefined ? 0 : Object.values(head), sorted, A, B, clock, person, Object.values(did)])
}

function swapped(state: State): State {
  const other = { A: 'B', B: 'A' } as const
  const head = state.head && {
    ...state.head,
    owner: state.head.owner && other[state.head.owner],
    writer: state.head.writer.replace(/^[AB]/, (name) => (name === 'A' ? 'B' : 'A')),
  }
  const bells = state.bells.map((bell) => (bell.at === 'A' || bell.at === 'B' ? { ...bell, at: other[bell.at] } : bell))
  return { ...state, head, bells, A: state.B, B: state.A }
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

import type { Decision, Event } from '#core/events'
import { decide } from '#core/lifecycle'
import { noon } from '../support/heads.ts'
import {
  fromCore,
  type InstanceName,
  type ModelBell,
  type ModelHead,
  type ModelInstance,
  type State,
  toCore,
} from './state.ts'

/** What the steps of all actors are made of. */

export interface Step {
  readonly name: string
  readonly to: State
  /** Something broke, or was slower than it may be: a state must be able to end without any of these. */
  readonly fault?: boolean
  readonly breach?: string
}

/** Mistakes to plant into the model: each must be found. */
export interface ModelMistakes {
  readonly headBeforeBell?: boolean
  readonly ackBeforeRenewal?: boolean
  readonly dropsAhead?: boolean
  readonly dropsUnrenewed?: boolean
  readonly renewalDropsDue?: boolean
  readonly anyRunRenews?: boolean
  readonly echoDropsBell?: boolean
  readonly judgesEarly?: boolean
}

export const bellsMost = 3

const decided = new Map<string, Decision>()

/** Core's own decision. It is pure, so each question is asked once. */
export function decideOn(head: ModelHead, event: Event): Decision {
  const key = JSON.stringify([head, event])
  const known = decided.get(key)
  if (known !== undefined) return known
  const decision = decide(toCore(head), event)
  decided.set(key, decision)
  return decision
}

export function at(writer: string): { readonly now: number; readonly writer: string } {
  return { now: noon, writer }
}

/** The head is written: what was ahead is not any more, and whoever rang over the old head has to ring again. */
export function write(state: State, head: ModelHead): State {
  const stale = <T extends { readonly phase: string }>(actor: T): T =>
    actor.phase === 'rung' ? { ...actor, fresh: false } : actor
  return {
    ...state,
    head,
    bells: state.bells.map((bell) => ({ ...bell, ahead: false })),
    A: stale(state.A),
    B: stale(state.B),
    clock: stale(state.clock),
    person: stale(state.person),
  }
}

export function writeDecision(state: State, decision: Decision): State {
  return decision.kind === 'move' ? write(state, fromCore(decision.next)) : state
}

/** Undefined: more bells than this model looks at. */
export function ring(state: State): State | undefined {
  if (state.bells.length >= bellsMost) return undefined
  return { ...state, bells: [...state.bells, { ahead: true, at: 'visible' }] }
}

export function setInstance(state: State, name: InstanceName, instance: ModelInstance): State {
  return name === 'A' ? { ...state, A: instance } : { ...state, B: instance }
}

export function heldBy(state: State, name: InstanceName): ModelBell | undefined {
  return state.bells.find((bell) => bell.at === name)
}

/** What becomes of the bell that an instance holds, if its hold has not ended. */
export function moveHeld(state: State, name: InstanceName, to: ModelBell['at'] | 'deleted'): State {
  const held = heldBy(state, name)
  if (held === undefined) return state
  const rest = state.bells.filter((bell) => bell !== held)
  return { ...state, bells: to === 'deleted' ? rest : [...rest, { ...held, at: to }] }
}

import { isTerminal } from '#core/contract/task'
import { decide } from '#core/lifecycle'
import { aHead, noon } from '../support/heads.ts'
import { instanceSteps } from './instance-steps.ts'
import { fromCore, type ModelHead, type State, toCore } from './state.ts'
import { at, decideOn, type ModelMistakes, ring, type Step, write, writeDecision } from './step.ts'

/** Everything that can happen next: to a bell, by time, the clock, a person, or an instance. */
export function stepsFrom(state: State, mistakes: ModelMistakes): readonly Step[] {
  return [
    ...timeSteps(state),
    ...clockSteps(state),
    ...personSteps(state, mistakes),
    ...instanceSteps(state, 'A', mistakes),
    ...instanceSteps(state, 'B', mistakes),
  ]
}

function timeSteps(state: State): readonly Step[] {
  const { head } = state
  const steps: Step[] = []
  if (head?.owner !== undefined && !head.leaseOver) {
    const { phase } = state[head.owner]
    const lives = phase === 'own' || phase === 'acking' || phase === 'rung' || phase === 'unsure'
    // A living owner renews in time, unless something holds it up.
    steps.push({ name: 'the lease passes', to: { ...state, head: { ...head, leaseOver: true } }, fault: lives })
  }
  state.bells.forEach((bell, index) => {
    if (bell.at === 'visible') return
    const bells = state.bells.map((other, place) => (place === index ? { ...bell, at: 'visible' as const } : other))
    steps.push({ name: 'a hold ends', to: { ...state, bells }, fault: true })
  })
  return steps
}

function clockSteps(state: State): readonly Step[] {
  const { head, clock } = state
  if (clock.phase === 'rung') {
    const crash = { name: 'the clock dies', to: { ...state, clock: { phase: 'idle' } as const }, fault: true }
    const decision = head === undefined || !clock.fresh ? undefined : lose(head)
    const written = decision === undefined ? state : writeDecision(state, decision)
    return [crash, { name: 'the clock writes', to: { ...written, clock: { phase: 'idle' } } }]
  }
  if (head?.status !== 'running' || !head.due) return []
  if (head.cancel) {
    const ended = decideOn(head, { kind: 'end-grace', ...at('clock'), seesSince: 0 })
    return [{ name: 'the clock ends a canceled run', to: writeDecision(state, ended) }]
  }
  const decision = lose(head)
  if (decision.kind === 'refused') return []
  if (decision.bell === undefined) return [{ name: 'the clock ends a lost run', to: writeDecision(state, decision) }]
  const rung = ring(state)
  if (rung === undefined) return []
  return [{ name: 'the clock rings for a lost run', to: { ...rung, clock: { phase: 'rung', fresh: true } } }]
}

function lose(head: ModelHead): ReturnType<typeof decideOn> {
  return decideOn(head, { kind: 'lose', ...at('clock'), seesSince: 0, chance: 0 })
}

function personSteps(state: State, mistakes: ModelMistakes): readonly Step[] {
  const { head, person, did } = state
  if (person.phase === 'rung') {
    const crash = {
      name: "the person's request dies",
      to: { ...state, person: { phase: 'idle' } as const },
      fault: true,
    }
    const written = person.fresh ? write(state, wanted(head)) : state
    return [crash, { name: "the person's request is written", to: { ...written, person: { phase: 'idle' } } }]
  }
  const steps: Step[] = []
  const canRing =
    !did.create || (head !== undefined && head.status !== 'succeeded' && isTerminal(head.status) && !did.retry)
  if (canRing) {
    const told = { ...state, did: did.create ? { ...did, retry: true } : { ...did, create: true } }
    const rung = mistakes.headBeforeBell === true ? write(told, wanted(head)) : ring(told)
    const what = did.create ? 'a person retries' : 'a person creates'
    if (rung !== undefined) steps.push({ name: what, to: { ...rung, person: { phase: 'rung', fresh: true } } })
  }
  if (head !== undefined && !isTerminal(head.status) && !did.cancel) {
    const canceled = decideOn(head, { kind: 'cancel', ...at('person'), by: 'ann' })
    const to = { ...writeDecision(state, canceled), did: { ...did, cancel: true } }
    steps.push({ name: 'a person cancels', to, fault: true })
  }
  return steps
}

/** What a create or a retry writes. */
function wanted(head: ModelHead | undefined): ModelHead {
  if (head === undefined) return fromCore(aHead({ writer: 'person' }))
  const retried = decide(toCore(head), { kind: 'retry', now: noon, writer: 'person', by: 'ann' })
  return retried.kind === 'move' ? fromCore(retried.next) : head
}

import { isTerminal } from '#core/contract/task'
import type { Event } from '#core/events'
import { type Ending, fromCore, type InstanceName, type State } from './state.ts'
import {
  at,
  decideOn,
  heldBy,
  type ModelMistakes,
  moveHeld,
  ring,
  type Step,
  setInstance,
  write,
  writeDecision,
} from './step.ts'

/** What an instance can do next (protocol 9, 12), each with the chance that its answer is lost or that it dies. */
export function instanceSteps(state: State, name: InstanceName, mistakes: ModelMistakes): readonly Step[] {
  const instance = state[name]
  const steps: Step[] = []
  if (instance.phase !== 'idle') steps.push({ name: `${name} crashes`, fault: true, to: letGo(state, name) })
  switch (instance.phase) {
    case 'idle':
      return [...steps, ...receives(state, name)]
    case 'got':
      return [...steps, ...judges(state, name, mistakes)]
    case 'dropping':
      return [...steps, { name: `${name} deletes the bell`, to: idle(moveHeld(state, name, 'deleted'), name) }]
    case 'keeping':
      return [...steps, { name: `${name} shows the bell`, to: idle(moveHeld(state, name, 'visible'), name) }]
    case 'acking':
      return [...steps, { name: `${name} deletes the bell`, to: own(moveHeld(state, name, 'deleted'), name) }]
    case 'own':
      return [...steps, ...renews(state, name, mistakes), ...endings.flatMap((end) => ends(state, name, end, mistakes))]
    case 'rung':
      return [...steps, ...writesEnd(state, name, instance.end, instance.fresh)]
    case 'unsure':
      return [...steps, ...asksAgain(state, name, instance.of, mistakes)]
    default:
      return instance satisfies never
  }
}

const endings = ['succeed', 'fail', 'hand-back'] as const

function receives(state: State, name: InstanceName): readonly Step[] {
  return state.bells.flatMap((bell, index) => {
    if (bell.at !== 'visible') return []
    const bells = state.bells.map((other, place) => (place === index ? { ...bell, at: name } : other))
    return [{ name: `${name} receives a bell`, to: setInstance({ ...state, bells }, name, { phase: 'got' }) }]
  })
}

function judges(state: State, name: InstanceName, mistakes: ModelMistakes): readonly Step[] {
  const { head } = state
  const bell = heldBy(state, name)
  if (bell === undefined) return [{ name: `${name} lost its hold`, to: idle(state, name) }]
  if (head === undefined || bell.ahead) {
    const dropped = { name: `${name} drops a bell that is ahead`, to: idle(moveHeld(state, name, 'deleted'), name) }
    if (mistakes.dropsAhead === true) return [dropped]
    const hidden = { name: `${name} hides a bell that is ahead`, to: idle(moveHeld(state, name, 'visible'), name) }
    // After 15 minutes its write cannot come any more: whoever is still about to write rings again (8).
    return isAwaited(state) ? [hidden] : [hidden, dropped]
  }
  const dropping = { name: `${name} finds the bell spare`, to: setInstance(state, name, { phase: 'dropping' }) }
  if (isTerminal(head.status)) return [dropping]
  const claimed = claim(state, name, mistakes)
  if (claimed !== undefined) return claimed
  if (head.renewed || mistakes.dropsUnrenewed === true) return [dropping]
  return [{ name: `${name} hides the bell of a young run`, to: idle(moveHeld(state, name, 'visible'), name) }]
}

function claim(state: State, name: InstanceName, mistakes: ModelMistakes): readonly Step[] | undefined {
  if (state.head === undefined) return undefined
  const event = { kind: 'claim', ...at(name), run: name, instance: name } as const
  let { head } = state
  if (head.status === 'running') {
    const judged = mistakes.judgesEarly === true ? { ...head, leaseOver: true } : head
    const lost = decideOn(judged, { kind: 'lose', ...at(name), seesSince: 0, chance: 0 })
    if (lost.kind === 'refused') return undefined
    head = fromCore(lost.next)
    if (head.status !== 'queued') {
      return [{ name: `${name} ends a lost run`, to: setInstance(write(state, head), name, { phase: 'dropping' }) }]
    }
  }
  const taken = decideOn(head, event)
  if (taken.kind === 'refused') return undefined
  const early = state.head.status === 'running' && !state.head.leaseOver
  return answered(`${name} claims`, writeDecision(state, taken), name, {
    sure: { phase: 'own' },
    of: 'claim',
    ...(early ? { breach: 'claimed while the owner has its lease' } : {}),
  })
}

function renews(state: State, name: InstanceName, mistakes: ModelMistakes): readonly Step[] {
  const { head } = state
  if (head === undefined) return []
  const owned = mistakes.anyRunRenews === true && head.owner !== undefined ? { ...head, owner: name } : head
  const decision = decideOn(owned, { kind: 'renew', ...at(`${name}.renew`), run: name })
  if (decision.kind === 'refused') return [{ name: `${name} sees that it lost its task`, to: letGo(state, name) }]
  const first = mistakes.ackBeforeRenewal === true ? moveHeld(state, name, 'deleted') : state
  if (first !== state) return [{ name: `${name} deletes the bell too early`, to: first }]
  const next = fromCore(decision.next)
  const after = mistakes.renewalDropsDue === true ? { ...next, due: false } : next
  return answered(`${name} renews`, write(state, after), name, {
    sure: { phase: 'acking' },
    of: 'renew',
    ...(head.owner === name ? {} : { breach: 'a run that is not the owner has renewed' }),
  })
}

function ends(state: State, name: InstanceName, end: Ending, mistakes: ModelMistakes): readonly Step[] {
  const { head } = state
  if (head === undefined) return []
  const decision = decideOn(head, endEvent(name, end))
  if (decision.kind === 'refused') return [{ name: `${name} sees that it lost its task`, to: letGo(state, name) }]
  if (decision.bell !== undefined) {
    if (mistakes.headBeforeBell === true) {
      const rung = ring(writeDecision(state, decision))
      const crash = {
        name: `${name} writes ${end} and dies before it rings`,
        to: letGo(writeDecision(state, decision), name),
      }
      return rung === undefined
        ? []
        : [
            { ...crash, fault: true },
            { name: `${name}: ${end}`, to: letGo(rung, name) },
          ]
    }
    const rung = ring(state)
    if (rung === undefined) return []
    return [{ name: `${name} rings for ${end}`, to: setInstance(rung, name, { phase: 'rung', end, fresh: true }) }]
  }
  const keeps = decision.holdMs !== undefined
  return answered(`${name}: ${end}`, writeDecision(state, decision), name, {
    sure: { phase: keeps ? 'keeping' : 'dropping' },
    of: end,
    ...(head.owner === name ? {} : { breach: 'a run that is not the owner has ended the task' }),
  })
}

function writesEnd(state: State, name: InstanceName, end: Ending, fresh: boolean): readonly Step[] {
  // Its condition fails: it decides again on what stands there now, and rings again if it must.
  if (!fresh) return [{ name: `${name} meets a conflict`, to: own(state, name) }]
  if (state.head === undefined) return []
  const decision = decideOn(state.head, endEvent(name, end))
  return answered(`${name} writes ${end}`, writeDecision(state, decision), name, {
    sure: { phase: 'dropping' },
    of: end,
  })
}

/** The repeat of a write whose answer was lost: its own token says that it happened, anything else is decided anew. */
function asksAgain(
  state: State,
  name: InstanceName,
  of: 'claim' | 'renew' | Ending,
  mistakes: ModelMistakes,
): readonly Step[] {
  const writer = state.head?.writer
  if (of === 'claim') {
    return [{ name: `${name} asks again`, to: setInstance(state, name, { phase: writer === name ? 'own' : 'got' }) }]
  }
  if (of === 'renew') {
    const isMine = writer === `${name}.renew`
    return [{ name: `${name} asks again`, to: setInstance(state, name, { phase: isMine ? 'acking' : 'own' }) }]
  }
  if (writer !== `${name}.${of}`) return [{ name: `${name} asks again`, to: letGo(state, name) }]
  const keeps = state.head?.status === 'queued' && mistakes.echoDropsBell !== true
  return [{ name: `${name} asks again`, to: setInstance(state, name, { phase: keeps ? 'keeping' : 'dropping' }) }]
}

interface Answer {
  readonly sure: State['A']
  readonly of: 'claim' | 'renew' | Ending
  readonly breach?: string
}

function answered(what: string, written: State, name: InstanceName, { sure, of, ...rest }: Answer): readonly Step[] {
  return [
    { name: what, to: setInstance(written, name, sure), ...rest },
    { name: `${what}, answer lost`, to: setInstance(written, name, { phase: 'unsure', of }), fault: true, ...rest },
  ]
}

function endEvent(name: InstanceName, end: Ending): Event {
  const of = { ...at(`${name}.${end}`), run: name }
  switch (end) {
    case 'succeed':
      return { kind: 'succeed', ...of }
    case 'fail':
      return { kind: 'fail', ...of, error: { code: 'broken', message: 'it broke', retryable: true }, chance: 0 }
    case 'hand-back':
      return { kind: 'hand-back', ...of, reason: 'leaving' }
    default:
      return end satisfies never
  }
}

function isAwaited({ person, clock, A, B }: State): boolean {
  return [person, clock, A, B].some((actor) => actor.phase === 'rung' && actor.fresh)
}

function idle(state: State, name: InstanceName): State {
  return setInstance(state, name, { phase: 'idle' })
}

function own(state: State, name: InstanceName): State {
  return setInstance(state, name, { phase: 'own' })
}

/** It has nothing to do with the task any more; the bell it may hold comes back by itself. */
function letGo(state: State, name: InstanceName): State {
  return idle(moveHeld(state, name, 'visible'), name)
}

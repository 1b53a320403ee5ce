import type { Joined, OnFailure } from '#core/contract/steps'
import { childIdOf } from '#core/flow/child-id'
import type { Children } from '#core/flow/children'
import type { StoredStep, StoredWait } from '#core/flow/remembered'
import type { Signal } from '#core/flow/signals'
import { childrenPrefix, headKey, signalPrefix, taskIdOf, waitKey } from '#core/keys'
import type { Change } from '#core/ports'
import type { Simulation } from '../simulation.ts'
import type { Ends } from './ledger.ts'

/** What must hold when a step is remembered: it is new, its author may say so, and what it says of others is so. */
export function stepBreach(simulation: Simulation, change: Change): string | undefined {
  const { pk, sk, before, after } = change
  if (after === undefined || !sk.startsWith('STEP#')) return undefined
  const step = after.data as StoredStep
  const was = before?.data as StoredStep | undefined
  const name = `the step ${step.id} of ${pk.slice(-4)}`
  if (was?.state === 'done') return `${name} was done, and is written again`
  if (was !== undefined && was.era >= step.era) return `${name} had failed in this era, and is written again`
  const task: Parted = { pk, born: sk.split('#')[1] ?? '' }
  switch (step.kind) {
    case 'step': {
      const isLate = step.state === 'failed' && simulation.ledger.wasLostBeforeFailing(step.error?.message ?? '')
      return isLate ? `${name} failed by the word of a run that had lost its task` : undefined
    }
    case 'signal':
      return step.state === 'failed' ? timeoutBreach(simulation, task, step) : undefined
    case 'call':
    case 'wait': {
      const breach = joinBreach(simulation, task, step)
      return breach === undefined ? undefined : `${name} is ${step.state}: ${breach}`
    }
    default:
      return undefined
  }
}

interface Parted {
  readonly pk: string
  readonly born: string
}

/** More than the clocks of who sends and who judges differ by. */
const skewMs = 2_000

/** Protocol 24: a signal that was there in time is never passed over for the time limit. */
function timeoutBreach({ cloud, ledger }: Simulation, { pk, born }: Parted, step: StoredStep): string | undefined {
  const wait = cloud.table.get(waitKey(taskIdOf(pk), born, step.id))?.data as StoredWait | undefined
  if (wait?.wait.kind !== 'signal' || wait.wait.until === undefined) return undefined
  const { name, until } = wait.wait
  for (const item of cloud.table.list({ pk, prefix: `${signalPrefix(born)}${name}#`, limit: 1_000 }).items) {
    const isFree = (item.data as Signal).consumedBy === undefined
    if (isFree && ledger.signalWrittenMs(pk, item.sk) < until - skewMs) {
      return `${step.id} of ${pk.slice(-4)} ran out of time beside a signal that was there`
    }
  }
  return undefined
}

/** What a wait says of its sub tasks must be so in one of the eras in which they were begun. */
function joinBreach(simulation: Simulation, task: Parted, step: StoredStep): string | undefined {
  const joined = step.output as Joined | undefined
  if (joined?.failed.some(({ status }) => status === 'gone')) return 'a sub task is gone'
  const { wait } = (simulation.cloud.table.get(waitKey(taskIdOf(task.pk), task.born, step.id))?.data ??
    {}) as Partial<StoredWait>
  if (wait?.kind !== 'wait') return undefined
  const part = wait.of[0]
  const prefix = `${childrenPrefix(task.born)}${part?.step}#`
  const markers = simulation.cloud.table.list({ pk: task.pk, prefix, limit: 100 }).items
  const breaches = markers.map(({ data }) => {
    const children = data as Children
    const places = part?.indexes ?? Array.from({ length: children.count }, (_, index) => index)
    const ends = places.map((index) => endsOf(simulation, task, children, index))
    return endsBreach(ends, wait.onFailure, step.state, joined?.first)
  })
  return breaches.length > 0 && breaches.every((breach) => breach !== undefined) ? breaches.join(' or ') : undefined
}

function endsOf(simulation: Simulation, { pk, born }: Parted, children: Children, index: number): Ends {
  const { step, era, attempts } = children
  const place = { parentId: taskIdOf(pk), born, step, index }
  const id = childIdOf(simulation.ids, { ...place, attempt: attempts[index] ?? 0 })
  const isGone = simulation.cloud.table.get(headKey(id)) === undefined
  return simulation.ledger.endsOf(id, era) ?? { hasSucceeded: false, hasFailed: isGone }
}

function endsBreach(
  ends: readonly Ends[],
  onFailure: OnFailure,
  state: 'done' | 'failed',
  first: number | undefined,
): string | undefined {
  const hasEnded = ({ hasSucceeded, hasFailed }: Ends) => hasSucceeded || hasFailed
  const open = ends.filter((each) => !hasEnded(each)).length
  switch (`${onFailure} ${state}`) {
    case 'fail done':
      return ends.every(({ hasSucceeded }) => hasSucceeded) ? undefined : `${open} are open, or one failed`
    case 'continue done':
      return open === 0 ? undefined : `${open} are open`
    case 'first-success done':
      return first !== undefined && ends[first]?.hasSucceeded === true ? undefined : 'the first has not succeeded'
    case 'fail failed':
      return ends.some(({ hasFailed }) => hasFailed) ? undefined : 'none has failed'
    case 'first-success failed':
      return ends.every(({ hasFailed }) => hasFailed) ? undefined : 'some have not failed'
    default:
      return 'it cannot fail'
  }
}

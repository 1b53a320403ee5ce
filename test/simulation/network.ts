import type { Faults } from './faults.ts'
import type { Random } from './random.ts'
import type { Process, Schedule } from './schedule.ts'
import type { Trace } from './trace.ts'

/** Between a process and the cloud: requests and answers take time, get lost, come late, and are sent again. */
export interface Network {
  readonly random: Random
  readonly schedule: Schedule
  readonly trace: Trace
  /** Changed when the faults end. */
  faults: Faults
  /** Until then the store and the queue answer nobody. */
  awayUntilMs: number
  /** Called after every effect on the cloud. */
  onEffect: () => void
}

/** How an AWS SDK tries: so often, with a pause between, and then it throws. */
const triesMost = 4
const answerWaitMs = 2_000

export class CloudAway extends Error {}

/** Sends one request, and again while no answer comes. The effect may thus happen more than once, or not be known. */
export async function call<T>(
  network: Network,
  process: Process,
  label: string,
  effect: () => T | Promise<T>,
): Promise<T> {
  for (let tries = 0; tries < triesMost; tries++) {
    const answer = await once(network, process, label, effect)
    if (answer !== undefined) return answer.value
    // One lost message is nothing; two in a row may cost a short lease.
    if (tries > 0) process.isTroubled = true
    await pause(network, process, 50 * 2 ** tries)
  }
  throw new CloudAway(`${label}: no answer`)
}

export function pause(network: Network, process: Process, ms: number): Promise<void> {
  return new Promise((resolve) => network.schedule.at(ms, process, resolve))
}

type Fate = 'fine' | 'request-lost' | 'answer-lost' | 'late'

function once<T>(
  network: Network,
  process: Process,
  label: string,
  effect: () => T | Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const { schedule, trace } = network
  return new Promise((resolve, reject) => {
    const fate = fateOf(network)
    if (fate !== 'fine') schedule.at(answerWaitMs, process, () => resolve(undefined))
    const delayMs = fate === 'late' ? network.random.int(answerWaitMs, 40_000) : latencyMs(network)
    schedule.at(delayMs, undefined, () => {
      if (fate === 'request-lost' || schedule.nowMs < network.awayUntilMs) {
        trace.say(process.name, () => `${label}: request lost`)
        if (fate !== 'request-lost') schedule.at(answerWaitMs, process, () => resolve(undefined))
        return
      }
      trace.say(process.name, () => (fate === 'fine' ? label : `${label} (${fate})`))
      const value = effect()
      network.onEffect()
      if (fate !== 'fine') return
      const backMs = latencyMs(network)
      const answered = (answer: T) => schedule.at(backMs, process, () => resolve({ value: answer }))
      Promise.resolve(value).then(answered, reject)
    })
  })
}

function fateOf({ random, faults }: Network): Fate {
  const chance = random.next()
  if (chance < faults.requestLost) return 'request-lost'
  if (chance < faults.requestLost + faults.answerLost) return 'answer-lost'
  return chance < faults.requestLost + faults.answerLost + faults.requestLate ? 'late' : 'fine'
}

function latencyMs({ random, faults }: Network): number {
  if (random.is(faults.slow)) return random.pick([300, 1_000, 1_900])
  return random.pick([0, 1, 1, 5, 30])
}

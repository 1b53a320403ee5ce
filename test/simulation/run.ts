import { Manifest } from '#core/contract/manifest'
import { putWorker, resumeWorker } from '#core/workers/put-worker'
import { breachOf } from './checks.ts'
import { isSettled, stuck, unendedBreach } from './ends.ts'
import { type Faults, noFaults } from './faults.ts'
import { LateChecks } from './flows/late.ts'
import { removeExpired } from './flows/retention.ts'
import { Sender } from './flows/sender.ts'
import { Hub } from './hub.ts'
import { Instance } from './instance.ts'
import { pause } from './network.ts'
import { Person } from './person.ts'
import type { Mutations } from './planted.ts'
import { createProcess } from './schedule.ts'
import { command, leaseSecondsMost, Simulation, worker } from './simulation.ts'

/** One seed from its first event to the last: a storm of faults, then calm weather until everything has ended. */

export interface Verdict {
  readonly seed: number
  readonly breach: string | undefined
  readonly steps: number
  readonly virtualMs: number
  readonly tasks: number
  readonly notes: ReadonlyMap<string, number>
  readonly trace: readonly string[]
}

export interface RunOptions {
  readonly mutations?: Mutations
  readonly weather?: Partial<Faults>
  readonly wantsTrace?: boolean
}

/** In calm weather; a storm of an hour and a half takes as many by itself. */
const calmStepsMost = 60_000
/** Calm weather for so long must end every task, whatever the storm left behind. */
const calmMostMs = 6 * 86_400_000
const minuteMs = 60_000
const settledMs = 5 * minuteMs

export async function runSeed(seed: number, options: RunOptions = {}): Promise<Verdict> {
  const simulation = new Simulation(seed, {
    mutations: options.mutations ?? {},
    wantsTrace: options.wantsTrace === true,
  })
  const { schedule, random } = simulation
  simulation.network.faults = { ...simulation.network.faults, ...options.weather }
  await begin(simulation)
  const stormEndsMs = random.pick([1, 5, 20, 90]) * minuteMs
  blow(simulation)
  const late = new LateChecks(simulation)
  let stormSteps = 0
  let settledSinceMs = Number.POSITIVE_INFINITY
  while (simulation.breach === undefined) {
    if (simulation.isStormy && schedule.nowMs >= stormEndsMs) calm(simulation)
    if (!(await schedule.step())) break
    const breach = breachOf(simulation) ?? late.breach()
    if (breach !== undefined) simulation.fail(breach)
    if (simulation.isStormy) {
      stormSteps = schedule.steps
      continue
    }
    // What is on its way when all has ended may still change something.
    settledSinceMs = isSettled(simulation) ? Math.min(settledSinceMs, schedule.nowMs) : Number.POSITIVE_INFINITY
    if (schedule.nowMs - settledSinceMs > settledMs) break
    const isOver = schedule.steps - stormSteps > calmStepsMost || schedule.nowMs > stormEndsMs + calmMostMs
    if (isOver) simulation.fail(stuck(simulation))
  }
  simulation.breach ??= unendedBreach(simulation)
  return {
    seed,
    breach: simulation.breach,
    steps: schedule.steps,
    virtualMs: schedule.nowMs,
    tasks: [...simulation.heads()].length,
    notes: simulation.notes,
    trace: simulation.trace.lines,
  }
}

/** The worker is registered before the first fault. */
async function begin(simulation: Simulation): Promise<void> {
  const { faults } = simulation.network
  simulation.network.faults = noFaults
  const manifest = manifestOf(simulation.random.pick([0, 1]))
  const world = simulation.worldOf(createProcess('setup'))
  let isReady = false
  const put = putWorker(world, { manifest, launch: {}, by: 'setup' }).then((fleet) => {
    simulation.generation = fleet.wanted
    isReady = true
  })
  while (!isReady && (await simulation.schedule.step()));
  await put
  simulation.network.faults = faults
}

function manifestOf(min: number): Manifest {
  const commands = [{ name: command, version: 1, leaseSeconds: leaseSecondsMost }]
  return Manifest.parse({ name: worker, commands, concurrency: 2, scaling: { min, max: 3 } })
}

function blow(simulation: Simulation): void {
  const { random, network, schedule } = simulation
  let instances = 0
  simulation.spawn = (launch) => {
    const instance = new Instance(simulation, `inst-${++instances}`, launch)
    simulation.instances.add(instance)
    simulation.everBorn.set(instance.process.name, instance.process)
    const fails = simulation.isStormy && random.is(network.faults.instanceCrash / 3)
    schedule.at(random.pick([500, 5_000, 30_000]), instance.process, () => {
      if (fails) return crash(simulation, instance)
      instance.live().catch((error: unknown) => simulation.fail(`an instance's loop ended: ${String(error)}`))
    })
  }
  startHub(simulation)
  const people = random.int(1, 5)
  for (let index = 1; index <= people; index++) {
    const person = new Person(simulation, `user-${index}`)
    schedule.at(0, person.process, () => {
      person.act().catch((error: unknown) => simulation.fail(`a person's program ended: ${String(error)}`))
    })
  }
  const sender = new Sender(simulation, 'sender')
  sender.act().catch((error: unknown) => simulation.fail(`the sender's program ended: ${String(error)}`))
  removeExpired(simulation).catch((error: unknown) => simulation.fail(String(error)))
  everyMinute(simulation).catch((error: unknown) => simulation.fail(String(error)))
}

function startHub(simulation: Simulation): void {
  const hub = new Hub(simulation, `hub-${++simulation.hubs}`)
  simulation.hub = hub
  hub.start()
}

/** The large faults: each minute each of them may strike. */
async function everyMinute(simulation: Simulation): Promise<void> {
  const { random, network, cloud, schedule } = simulation
  const weather = createProcess('weather')
  while (simulation.isStormy) {
    await pause(network, weather, random.int(1, minuteMs))
    const { faults } = network
    if (random.is(faults.hubCrash) && simulation.hub !== undefined) {
      simulation.say(weather, () => 'the hub crashes')
      simulation.hub.process.alive = false
      simulation.hub = undefined
      schedule.at(random.pick([100, 10_000, 100_000, 400_000]), undefined, () => startHub(simulation))
    }
    for (const instance of simulation.instances) {
      if (random.is(faults.instanceCrash)) crash(simulation, instance)
      else if (random.is(faults.instanceStall)) {
        simulation.say(weather, () => `${instance.process.name} stalls`)
        instance.process.isTroubled = true
        instance.process.stalledUntilMs = schedule.nowMs + random.pick([10_000, 70_000, 300_000])
      }
    }
    if (random.is(faults.storeAway)) network.awayUntilMs = schedule.nowMs + random.pick([5_000, 40_000, 120_000])
    if (random.is(faults.sleep)) {
      simulation.say(weather, () => 'the machine sleeps and wakes')
      cloud.wallOffsetMs += random.pick([30_000, 120_000, 3_600_000])
      // All timers of the machine fire as it wakes, the clock's too.
      const { hub } = simulation
      const tick = () => void hub?.tick().catch((error: unknown) => simulation.fail(String(error)))
      if (random.is(0.7)) schedule.at(random.pick([1, 500, 5_000]), hub?.process, tick)
    }
    if (random.is(faults.purge)) {
      simulation.say(weather, () => 'somebody purges the queue')
      simulation.purgedAt = cloud.nowMs()
      cloud.queue.purge(worker)
    }
  }
}

function crash(simulation: Simulation, instance: Instance): void {
  const { random, schedule } = simulation
  simulation.trace.say('weather', () => `${instance.process.name} crashes`)
  instance.process.alive = false
  instance.process.isTroubled = true
  simulation.gone(instance)
  if (random.is(0.3)) return
  schedule.at(random.pick([1_000, 20_000]), undefined, () => {
    const told = simulation.hub?.instanceGone(instance.process.name, instance.launch, instance.isRegistered)
    told?.catch(() => undefined)
  })
}

function calm(simulation: Simulation): void {
  simulation.trace.say('weather', () => 'the storm is over')
  simulation.isStormy = false
  simulation.network.faults = noFaults
  simulation.network.awayUntilMs = 0
  for (const { process } of simulation.instances) process.stalledUntilMs = 0
  if (simulation.hub === undefined) startHub(simulation)
  // Whoever paused the worker may have been cut off before resuming it.
  const operator = simulation.worldOf(createProcess('operator'))
  const settle = async () => {
    await resumeWorker(operator, worker)
    // Another generation, which needs no instance while nothing is to be done.
    const fleet = await putWorker(operator, { manifest: manifestOf(0), launch: { calm: true }, by: 'operator' })
    simulation.generation = fleet.wanted
  }
  settle().catch((error: unknown) => simulation.fail(String(error)))
}

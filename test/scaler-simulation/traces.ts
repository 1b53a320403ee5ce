import { pauseWorker, resumeWorker } from '#core/workers/put-worker'
import { worker } from './region.ts'
import { spread, type Trace } from './trace.ts'

const usual = { concurrency: 10, scaling: { min: 0, max: 20 }, idleSeconds: 30, lagSeconds: [0, 5] } as const
const minuteOld = { lagSeconds: [0, 60] } as const
const hour = 3_600
/** A start takes a minute at most. */
const startSeconds = 65
/** Where nobody nudges, the clock looks within a minute. */
const lookAndStartSeconds = 60 + startSeconds

const steady = {
  ...usual,
  arrivals: (random) => spread(random, { tasks: 1_000, from: 5, to: 505, seconds: [5, 30] }),
} satisfies Partial<Trace>
const burst = {
  ...usual,
  arrivals: (random) => spread(random, { tasks: 500, from: 5, to: 65, seconds: [5, 60] }),
} satisfies Partial<Trace>

export const traces: readonly Trace[] = [
  {
    ...steady,
    name: 'steady, 2 a second',
    bounds: { launches: [2, 5], lateSeconds: 60, waitSeconds: startSeconds },
  },
  {
    ...steady,
    ...minuteOld,
    name: 'steady, counts up to a minute old',
    bounds: { launches: [4, 4], lateSeconds: 60, waitSeconds: lookAndStartSeconds },
  },
  {
    ...usual,
    name: 'burst of 10,000 in 10 s',
    arrivals: (random) => spread(random, { tasks: 10_000, from: 5, to: 15, seconds: [5, 30] }),
    bounds: { launches: [1, 2], lateSeconds: 75, grownSeconds: 20 },
  },
  {
    ...usual,
    name: 'burst of 300 in 5 s',
    arrivals: (random) => spread(random, { tasks: 300, from: 5, to: 10, seconds: [30, 60] }),
    bounds: { launches: [1, 2], lateSeconds: 45, waitSeconds: 65 },
  },
  {
    ...usual,
    lagSeconds: [0, 1],
    name: 'batch of 200',
    arrivals: (random) => spread(random, { tasks: 200, from: 5, to: 5, seconds: [30, 60] }),
    bounds: { launches: [1, 2], lateSeconds: startSeconds, waitSeconds: startSeconds, grownSeconds: 5 },
  },
  {
    ...usual,
    lagSeconds: [60, 60],
    name: 'two bursts, counts a minute old',
    arrivals: (random) => [
      ...spread(random, { tasks: 300, from: 5, to: 605, seconds: [5, 60] }),
      ...spread(random, { tasks: 300, from: 900, to: 905, seconds: [5, 60] }),
    ],
    bounds: { launches: [1.7, 3], lateSeconds: 60 + lookAndStartSeconds, waitSeconds: 60 + lookAndStartSeconds },
  },
  {
    ...usual,
    name: 'trickle, one in five minutes',
    arrivals: (random) => Array.from({ length: 24 }, (_, index) => [5 + index * 300 + random.next(), 10] as const),
    bounds: { launches: [1, 1], lateSeconds: startSeconds, waitSeconds: startSeconds },
  },
  {
    ...usual,
    name: 'ten tasks of an hour, then one (F8)',
    arrivals: () => [...Array.from({ length: 10 }, () => [5, hour] as const), [600, 10] as const],
    bounds: { launches: [1, 0], lateSeconds: startSeconds, waitSeconds: startSeconds },
  },
  {
    ...usual,
    name: 'a task as an instance leaves',
    arrivals: () => Array.from({ length: 60 }, (_, index) => [5 + index * 73, 5 + (index % 24)] as const),
    bounds: { launches: [1, 0], lateSeconds: startSeconds, waitSeconds: startSeconds },
  },
  {
    ...usual,
    name: 'deploy and rollback as it grows',
    arrivals: (random) => spread(random, { tasks: 1_600, from: 5, to: 805, seconds: [5, 60] }),
    happenings: [
      [250, (site) => site.deploy(2)],
      [500, (site) => site.deploy(1)],
    ],
    bounds: { launches: [3, 4], lateSeconds: 60, waitSeconds: 90, deploySeconds: lookAndStartSeconds },
  },
  {
    ...usual,
    name: 'deploy beside work that fits what runs',
    scaling: { min: 0, max: 4 },
    arrivals: (random) => spread(random, { tasks: 600, from: 5, to: 1_205, seconds: [5, 15] }),
    happenings: [[600, (site) => site.deploy(2)]],
    bounds: { launches: [2, 3], lateSeconds: 60, waitSeconds: 90, deploySeconds: lookAndStartSeconds },
  },
  {
    ...usual,
    name: 'deploy at the most instances',
    scaling: { min: 0, max: 2 },
    arrivals: (random) => spread(random, { tasks: 1_000, from: 5, to: 605, seconds: [5, 20] }),
    happenings: [[300, (site) => site.deploy(2)]],
    bounds: { launches: [2, 1], lateSeconds: 120, waitSeconds: 150, deploySeconds: lookAndStartSeconds },
  },
  {
    ...burst,
    name: 'no capacity for 20 minutes',
    fateOf: (seconds) => (seconds < 1_200 ? { kind: 'room', most: 0, reason: 'capacity' } : { kind: 'fine' }),
    bounds: { launches: [1, 1], lateSeconds: 1_200 + 600 + lookAndStartSeconds },
  },
  {
    ...usual,
    name: 'vCPU quota of 6 instances',
    arrivals: (random) => spread(random, { tasks: 1_000, from: 5, to: 65, seconds: [5, 60] }),
    fateOf: () => ({ kind: 'room', most: 6, reason: 'quota' }),
    // A third of the instances.
    bounds: { launches: [0.3, 0], lateSeconds: 500 },
  },
  {
    ...burst,
    name: 'RunTask throttled for 7 minutes',
    fateOf: (seconds) => (seconds < 420 ? { kind: 'unanswered' } : { kind: 'fine' }),
    bounds: { launches: [1, 1], lateSeconds: 420 + 60 + lookAndStartSeconds },
  },
  {
    ...usual,
    name: 'answers of RunTask lost for 2 minutes',
    arrivals: (random) => spread(random, { tasks: 500, from: 5, to: 305, seconds: [5, 60] }),
    fateOf: (seconds) => (seconds < 120 ? { kind: 'answer-lost' } : { kind: 'fine' }),
    bounds: { launches: [1, 13], lateSeconds: 60, waitSeconds: 120 + 60 + startSeconds },
  },
  {
    ...burst,
    name: 'an image that cannot start for an hour',
    isBroken: (image) => image === 1,
    happenings: [[hour, (site) => site.deploy(2)]],
    bounds: { launches: [2, 12], lateSeconds: hour + lookAndStartSeconds },
  },
  {
    ...usual,
    name: 'Spot takes half of them, twice',
    arrivals: (random) => spread(random, { tasks: 1_000, from: 5, to: 605, seconds: [10, 120] }),
    happenings: [
      [300, (site) => site.reclaimHalf('noticed')],
      [500, (site) => site.reclaimHalf('unnoticed')],
    ],
    bounds: { launches: [1, 24], lateSeconds: 200, waitSeconds: lookAndStartSeconds, sends: 120 },
  },
  {
    ...usual,
    name: 'at least 2, at most 8',
    scaling: { min: 2, max: 8 },
    arrivals: (random) => spread(random, { tasks: 200, from: 605, to: 905, seconds: [5, 60] }),
    bounds: { launches: [1.5, 2], lateSeconds: 30, waitSeconds: startSeconds },
  },
  {
    ...usual,
    name: 'paused for 20 minutes',
    arrivals: (random) => spread(random, { tasks: 1_000, from: 5, to: 1_205, seconds: [5, 30] }),
    happenings: [
      [120, async (site) => void (await pauseWorker(site.people, { worker, by: 'ann' }))],
      [1_320, async (site) => void (await resumeWorker(site.people, worker))],
    ],
    bounds: { launches: [1, 20], lateSeconds: 400, waitSeconds: 1_200 + 2 * lookAndStartSeconds },
  },
]

export function traceOf(name: string): Trace {
  const trace = traces.find((one) => one.name.startsWith(name))
  if (trace === undefined) throw new Error(`there is no trace ${name}`)
  return trace
}

import type { Random } from '../simulation/random.ts'
import type { Fate } from './fargate.ts'
import type { Site } from './site.ts'

/** When a task comes and how long it takes, both in seconds. */
export type Arrival = readonly [atSeconds: number, durationSeconds: number]

export interface Trace {
  readonly name: string
  readonly concurrency: number
  readonly scaling: { readonly min: number; readonly max: number }
  readonly idleSeconds: number
  /** How old the queue's counts are, from and to. */
  readonly lagSeconds: readonly [number, number]
  readonly arrivals: (random: Random) => readonly Arrival[]
  /** What people and the cloud do, and when. */
  readonly happenings?: readonly (readonly [atSeconds: number, does: (site: Site) => Promise<void> | void])[]
  readonly fateOf?: (seconds: number) => Fate
  /** An image that is named here dies before it registers. */
  readonly isBroken?: (image: number) => boolean
  readonly bounds: Bounds
}

/** What the trace may come to, compared with the ideal. Beyond these something is wrong. */
export interface Bounds {
  /** Launches: so many for each of the ideal's, and so many more for what the ideal does not know of. */
  readonly launches: readonly [factor: number, extra: number]
  /** From the first arrival to the last end, longer than the ideal takes. */
  readonly lateSeconds: number
  /** The longest that a task was ready and not taken; absent where the most instances are too few for the work. */
  readonly waitSeconds?: number
  /** From the first arrival to the last launch: how fast a burst is met. */
  readonly grownSeconds?: number
  /** From a deploy until its generation is current. */
  readonly deploySeconds?: number
  /** Bells sent again by the hub: tasks whose instance was taken away. */
  readonly sends?: number
}

/** So many tasks over a time, at random moments. */
export function spread(
  random: Random,
  of: {
    readonly tasks: number
    readonly from: number
    readonly to: number
    readonly seconds: readonly [number, number]
  },
): Arrival[] {
  const [least, most] = of.seconds
  const arrivals = Array.from(
    { length: of.tasks },
    (): Arrival => [of.from + random.next() * (of.to - of.from), least + random.next() * (most - least)],
  )
  return arrivals.sort((a, b) => a[0] - b[0])
}

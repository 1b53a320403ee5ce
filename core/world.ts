import type { Blobs } from './blobs.ts'
import type { Chance, Clock, Ids, Log, Queue, Store, TaskLogs } from './ports.ts'

/** All that a use case may touch. Built once by each home of the program, and by the simulator. */
export interface World {
  readonly store: Store
  readonly queue: Queue
  readonly clock: Clock
  readonly ids: Ids
  readonly chance: Chance
  readonly log: Log
  /** Absent where no files are kept. */
  readonly blobs?: Blobs | undefined
  /** Absent where what runs log is kept elsewhere. */
  readonly taskLogs?: TaskLogs | undefined
  /** Partitions that one directory dimension is spread over, so that none takes more than its share (aws.md A6). */
  readonly directoryShards: number
  /** Since when this hub has been watching without a gap, epoch ms: who was blind does not judge (protocol 15). */
  readonly seesSince: () => number
}

/** Who asks: a key's name, a role, an instance. Short, for it is stored in every history line. */
export type Principal = string

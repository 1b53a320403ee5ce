import { ApiError } from '#core/contract/errors'
import type { Change, Launcher } from '#core/ports'
import type { World } from '#core/world'
import { createTellFeedLag } from './feed-lag.ts'
import { react } from './reactor.ts'
import { startScaleOut } from './scale-out.ts'

/**
 * One batch of a shard of the table's stream. What it repeats does no harm, so a batch that fails is worked off record
 * by record:
 *
 * 1. A record that cannot be read, or that meets a fault of this program, becomes a note for a person, and the next one
 *    follows: it must not hold up the shard.
 * 2. Where the store is away, or refuses us, the batch ends: that record and all behind it come again, in order.
 */

/** What is read of a record, as Lambda hands it over. */
export interface StreamRecord {
  readonly eventID?: string | undefined
  readonly eventName?: string | undefined
  readonly dynamodb?:
    | {
        readonly SequenceNumber?: string | undefined
        /** Epoch seconds. */
        readonly ApproximateCreationDateTime?: number | undefined
        readonly Keys?: unknown
      }
    | undefined
}

export interface AttentionNote {
  readonly kind: string
  readonly message: string
  readonly detail?: unknown
}

/** A record as the store reads it (adapters/dynamodb/change.ts). */
export type ReadRecord =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'unreadable'; readonly message: string }

export interface StreamParts<Record extends StreamRecord> {
  readonly world: World
  readonly launcher: Launcher
  readonly changeOf: (record: Record) => ReadRecord
  /** Leaves a note for a person. */
  readonly attention: (note: AttentionNote) => Promise<void>
  /** Tells the world outside; absent where nobody wants to know. Whatever it could not tell, it has left for the clock. */
  readonly tellEvents?: ((changes: readonly Change[]) => Promise<void>) | undefined
  /** Tells those who watch; absent where nobody can. An end that it could not tell, it has left for the clock. */
  readonly pushChanges?: ((changes: readonly Change[], remainingMs: () => number) => Promise<void>) | undefined
}

/** Sequence numbers of what has to come again: the lowest is enough. */
export type WorkBatch<Record extends StreamRecord> = (
  records: readonly Record[],
  remainingMs: () => number,
) => Promise<readonly string[]>

/** So much is left for the answer. */
const reserveMs = 5_000

export function createWorkBatch<Record extends StreamRecord>(parts: StreamParts<Record>): WorkBatch<Record> {
  const { world, launcher, changeOf } = parts
  const tellFeedLag = createTellFeedLag(world)
  return async (records, remainingMs) => {
    const scaleOut = startScaleOut({ world, launcher, remainingMs })
    const entries = records.map((record) => ({ record, read: changeOf(record) }))
    const isWorked = await workTogether(parts, scaleOut.nudge, entries, remainingMs)
    const left = isWorked ? entries.filter(({ read }) => read.kind === 'unreadable') : entries
    const { nudges, failed } = await workSingly(parts, left, remainingMs)
    for (const [worker, queued] of nudges) scaleOut.nudge(worker, queued)
    await tellFeedLag(oldestOf(records)).catch((error: unknown) => {
      world.log.warn('reactor.lag-untold', { error: String(error) })
    })
    await scaleOut.settled()
    return failed === undefined ? [] : [failed.dynamodb?.SequenceNumber ?? '']
  }
}

type Nudge = (worker: string, queued: number) => void

interface Entry {
  readonly record: StreamRecord
  readonly read: ReadRecord
}

type Parts = Pick<StreamParts<StreamRecord>, 'world' | 'attention' | 'tellEvents' | 'pushChanges'>

/** False: something went wrong with one of them. */
async function workTogether(
  parts: Parts,
  nudge: Nudge,
  entries: readonly Entry[],
  remainingMs: () => number,
): Promise<boolean> {
  const changes = entries.flatMap(({ read }) => (read.kind === 'change' ? [read.change] : []))
  try {
    await follow(parts, { nudge, remainingMs }, changes)
    return true
  } catch (error) {
    parts.world.log.warn('reactor.batch-failed', { records: entries.length, error: String(error) })
    return false
  }
}

interface Turn {
  readonly nudge: Nudge
  readonly remainingMs: () => number
}

async function follow(parts: Parts, { nudge, remainingMs }: Turn, changes: readonly Change[]): Promise<void> {
  const { world, tellEvents, pushChanges } = parts
  await react(world, { nudgeScaler: nudge }, changes)
  // Whoever watches a subject finds a task by the rows that are written now; nobody waits for the other.
  await Promise.all([tellEvents?.(changes), pushChanges?.(changes, remainingMs)])
}

interface Worked {
  /** How many fresh records show a queued task, by worker. */
  readonly nudges: ReadonlyMap<string, number>
  /** The first that has to come again. */
  readonly failed?: StreamRecord
}

async function workSingly(parts: Parts, entries: readonly Entry[], remainingMs: () => number): Promise<Worked> {
  const nudges = new Map<string, number>()
  const nudge: Nudge = (worker, queued) => void nudges.set(worker, (nudges.get(worker) ?? 0) + queued)
  for (const { record, read } of entries) {
    if (remainingMs() < reserveMs) return { nudges, failed: record }
    const fault =
      read.kind === 'unreadable' ? read.message : await faultOf(follow(parts, { nudge, remainingMs }, [read.change]))
    if (fault === undefined) continue
    if (isPassing(fault) || !(await noted(parts, record, fault))) return { nudges, failed: record }
  }
  return { nudges }
}

/** What a work failed by; undefined if it did not. */
function faultOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error ?? new Error('it failed without a reason'),
  )
}

/** A note that nobody got is none: then the record comes again. */
async function noted(
  { world, attention }: Parts,
  { eventID, eventName, dynamodb }: StreamRecord,
  fault: unknown,
): Promise<boolean> {
  const reason = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
  const detail = { eventID, eventName, keys: dynamodb?.Keys, sequenceNumber: dynamodb?.SequenceNumber, reason }
  world.log.error('reactor.record-failed', detail)
  try {
    await attention({ kind: 'record', message: 'a change of the table could not be followed up', detail })
    return true
  } catch (unsent) {
    world.log.error('reactor.note-unsent', { error: String(unsent) })
    return false
  }
}

/** What an account refuses is no record's fault: its role or its table is being changed. */
const refusals: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'ResourceNotFoundException',
  'UnrecognizedClientException',
])

function isPassing(error: unknown): boolean {
  if (error instanceof ApiError && error.code === 'unavailable') return true
  return error instanceof Error && (refusals.has(error.name) || isPassing(error.cause))
}

function oldestOf(records: readonly StreamRecord[]): number {
  const seconds = records.flatMap(({ dynamodb }) => dynamodb?.ApproximateCreationDateTime ?? [])
  return Math.min(...seconds) * 1_000
}

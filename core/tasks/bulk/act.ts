import { bulkCommand } from '../../contract/bulk.ts'
import { isTerminal } from '../../contract/task.ts'
import type { Decision, RefusalReason } from '../../events.ts'
import { hasOpenParent } from '../../flow/orphans.ts'
import type { Head } from '../../head.ts'
import { decide } from '../../lifecycle.ts'
import type { World } from '../../world.ts'
import { cancelTask, removeTask, retryTask } from '../change.ts'
import type { MoveOutcome } from '../move.ts'
import type { Acted, Bulk, SkipReason } from './bulk.ts'

/**
 * What a bulk does to one task: just what the calls for one do. Each is the same when it is done again, since a crash
 * may repeat a portion: the writer is the bulk, so that it knows its own write again (protocol 4), and what ended after
 * the bulk was asked for is not begun anew once more.
 */

export interface BulkActor {
  /** The bulk's own task. */
  readonly head: Head
  readonly bulk: Bulk
  readonly reason: string | undefined
}

export async function act(world: World, actor: BulkActor, found: Head): Promise<Acted> {
  const { bulk, head } = actor
  // Of other bulks only those are touched that have ended, and only to be erased.
  if (found.command === bulkCommand && (bulk.action !== 'erase' || found.id === head.id)) return skipped('bulk')
  switch (bulk.action) {
    case 'cancel':
      return cancelOne(world, actor, found)
    case 'retry':
      return retryOne(world, actor, found)
    case 'erase':
      return eraseOne(world, actor, found)
    default:
      return bulk.action satisfies never
  }
}

async function cancelOne(world: World, actor: BulkActor, found: Head): Promise<Acted> {
  const { by, writer, reason } = askOf(actor)
  if (actor.bulk.isDryRun) {
    return wouldBe(found, decide(found, { kind: 'cancel', now: world.clock.now(), writer, by, reason }))
  }
  return became(found, await cancelTask(world, { taskId: found.id, by, reason, writer }))
}

async function retryOne(world: World, actor: BulkActor, found: Head): Promise<Acted> {
  if (found.status === 'succeeded') return skipped('succeeded')
  if (found.stoppedAt !== undefined && found.stoppedAt > actor.head.createdAt) return skipped('ended-since')
  const { by, writer, reason } = askOf(actor)
  if (actor.bulk.isDryRun) {
    return wouldBe(found, decide(found, { kind: 'retry', now: world.clock.now(), writer, by, reason }))
  }
  return became(found, await retryTask(world, { taskId: found.id, by, reason, writer }))
}

async function eraseOne(world: World, { bulk }: BulkActor, found: Head): Promise<Acted> {
  if (bulk.isDryRun) {
    if (!isTerminal(found.status)) return skipped('not-ended')
    const isNeeded = found.flow?.owes === true || (await hasOpenParent(world, found))
    return isNeeded ? skipped('needed') : changed(found)
  }
  const { kind } = await removeTask(world, found.id)
  if (kind === 'removed') return changed(found)
  return skipped(kind === 'absent' ? 'gone' : kind)
}

function askOf({ head, reason }: BulkActor) {
  return { by: head.createdBy, writer: head.id, reason }
}

function wouldBe(found: Head, decision: Decision): Acted {
  return decision.kind === 'move' ? changed(found) : skipped(reasons[decision.reason] ?? 'not-ended')
}

function became(found: Head, outcome: MoveOutcome): Acted {
  if (outcome.kind === 'moved') return changed(found)
  if (outcome.kind === 'absent') return skipped('gone')
  return skipped(reasons[outcome.reason] ?? 'not-ended')
}

const reasons: Readonly<Partial<Record<RefusalReason, SkipReason>>> = {
  'already-ended': 'already-ended',
  'already-canceled': 'already-canceled',
  'cancel-asked': 'cancel-asked',
  'not-ended': 'not-ended',
  owes: 'still-ending',
}

function changed({ id }: Head): Acted {
  return { kind: 'changed', id }
}

function skipped(why: SkipReason): Acted {
  return { kind: 'skipped', why }
}

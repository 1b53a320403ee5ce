import { type BulkRequest, bulkCommand } from '../../contract/bulk.ts'
import { limits, spans } from '../../contract/limits.ts'
import type { Head } from '../../head.ts'
import { argumentsOf } from '../../layout.ts'
import { decide } from '../../lifecycle.ts'
import { readCommands } from '../../workers/put-worker.ts'
import type { World } from '../../world.ts'
import { createdWithin } from '../created-within.ts'
import { type ListAsk, listTasks, needsCommands } from '../list.ts'
import { move } from '../move.ts'
import { act, type BulkActor } from './act.ts'
import { type Acted, type Bulk, messageOf, withPortion } from './bulk.ts'

/**
 * Works off a bulk, portion by portion. There is no instance and no lease; the due index is its guard.
 *
 * 1. Who begins pushes `due` first, and only the winner acts (protocol 10): two clocks do not do the same.
 * 2. A portion is done, then written: place, counts, progress and guard in one versioned write. A crash in between
 *    repeats that portion, and each act is the same when it is done again.
 * 3. A portion is written only over the count it began at: who was held up beyond his guard, while another went on,
 *    writes nothing more. A cancel ends the task, so the write after it is refused, and nothing more is done.
 */

export interface BulkTime {
  /** Whether there is time for another portion. */
  readonly mayGoOn: () => boolean
}

/** Whether it was this caller's to work off. */
export async function workBulk(world: World, taskId: string, { mayGoOn }: BulkTime): Promise<boolean> {
  let head = await begin(world, taskId)
  if (head === undefined) return false
  const request = (await argumentsOf(world.store, head)) as unknown as BulkRequest
  while (head?.bulk !== undefined) {
    const { bulk, isOver } = await doPortion(world, head, head.bulk, request)
    const goesOn = !isOver && mayGoOn()
    head = await finish(world, head, { request, bulk, isOver, goesOn })
    if (!goesOn) return true
  }
  return true
}

/** The head as this caller has it for as long as the guard lasts; undefined where it is another's, or has ended. */
async function begin(world: World, taskId: string): Promise<Head | undefined> {
  const writer = world.ids.token()
  const outcome = await move(world, {
    taskId,
    writer,
    decide: (head) => {
      const now = world.clock.now()
      if (head.bulk === undefined || head.due === undefined || head.due > now) {
        return { kind: 'refused', reason: 'not-over' }
      }
      return decide(head, { kind: 'guard', now, writer, due: now + spans.bulkGuardMs })
    },
  })
  return outcome.kind === 'moved' ? outcome.head : undefined
}

interface Portion {
  readonly bulk: Bulk
  readonly isOver: boolean
}

async function doPortion(world: World, head: Head, bulk: Bulk, request: BulkRequest): Promise<Portion> {
  const { heads, next } = await listTasks(world, await listAsk(world, head, bulk, request))
  const actor: BulkActor = { head, bulk, reason: request.reason }
  const acted = await actOnAll(world, actor, heads)
  const failed = acted.filter(({ kind }) => kind === 'failed').length
  // That is the store, and no fault of these tasks: the clock does the portion again.
  if (2 * failed > acted.length)
    throw new Error(`bulk ${head.id}: ${failed} of ${acted.length} tasks could not be written`)
  return { bulk: withPortion(bulk, acted, next), isOver: next === undefined }
}

async function listAsk(world: World, head: Head, bulk: Bulk, { filter }: BulkRequest): Promise<ListAsk> {
  const { from, to, ...named } = filter
  const within = createdWithin(head.createdAt, { from, to })
  return {
    filter: named,
    commands: needsCommands(world, named) ? await commandNames(world) : undefined,
    from: within.from,
    // What is created later was not meant.
    to: Math.min(within.to, head.createdAt + 1),
    before: bulk.after,
    limit: limits.bulkPortion,
  }
}

async function commandNames(world: World): Promise<readonly string[]> {
  return [...new Set((await readCommands(world)).map(({ name }) => name)), bulkCommand]
}

/** Some at once, the others after them; one that fails is tried again before it is given up. */
const atOnce = 20
const triesMost = 3

async function actOnAll(world: World, actor: BulkActor, heads: readonly Head[]): Promise<readonly Acted[]> {
  const acted: Acted[] = []
  for (let from = 0; from < heads.length; from += atOnce) {
    const some = heads.slice(from, from + atOnce)
    acted.push(...(await Promise.all(some.map((head) => actOrFail(world, actor, head)))))
  }
  return acted
}

async function actOrFail(world: World, actor: BulkActor, found: Head): Promise<Acted> {
  for (let tries = 1; ; tries++) {
    try {
      return await act(world, actor, found)
    } catch (error) {
      if (tries < triesMost) continue
      world.log.warn('bulk.task-failed', { bulk: actor.head.id, taskId: found.id, error: String(error) })
      return { kind: 'failed' }
    }
  }
}

interface Finished extends Portion {
  readonly request: BulkRequest
  readonly goesOn: boolean
}

async function finish(world: World, head: Head, done: Finished): Promise<Head | undefined> {
  const { bulk, isOver, goesOn, request } = done
  const writer = world.ids.token()
  const percent = isOver ? 100 : percentOf(head, bulk, request)
  const outcome = await move(world, {
    taskId: head.id,
    writer,
    known: head,
    decide: (current) => {
      const now = world.clock.now()
      const due = goesOn ? now + spans.bulkGuardMs : now
      return decide(current, { kind: 'work', now, writer, bulk, due, isOver, percent, message: messageOf(bulk) })
    },
  })
  return outcome.kind === 'moved' ? outcome.head : undefined
}

/** How many tasks there are nobody has counted: progress goes by the times of creation that lie behind. */
function percentOf({ createdAt }: Head, { after }: Bulk, { filter }: BulkRequest): number {
  const { from, to } = createdWithin(createdAt, filter)
  const at = after === undefined ? to : Number(after.slice(0, 13))
  return Math.min(99, Math.max(0, Math.round((100 * (to - at)) / Math.max(1, to - from))))
}

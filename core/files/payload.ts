import type { NewPayload, Payload } from '../contract/files.ts'
import { payloadKey, payloadRowKey } from '../keys.ts'
import type { Item, Write } from '../ports.ts'
import type { Principal, World } from '../world.ts'

/**
 * Payloads: bytes that were declared, uploaded, and are then named by tasks.
 *
 * 1. The item is written before the first byte comes, so no bytes lie without an item.
 * 2. A task that names a payload writes a use beside it *before* its head, and reads the payload *after* that; who
 *    removes a payload marks it as going before it looks for uses. So one of the two sees the other (`hold.ts`,
 *    `release.ts`).
 * 3. A use counts while its head stands and names the payload, and for an hour in any case: its head may be about to
 *    be written.
 * 4. The row makes the payload found again, seven days later, if no task has named it by then (`sweep.ts`). From then
 *    on no task can name it any more. What runs uploaded stays as long as their task is unfinished.
 */
export interface PayloadItem extends Omit<Payload, 'id'> {
  readonly by: Principal
  readonly createdAt: number
  /** Made by a run of this task: only its result can name it. */
  readonly taskId?: string | undefined
  readonly going?: boolean | undefined
}

export async function createPayload(world: World, declared: NewPayload, by: Principal): Promise<Payload> {
  const id = world.ids.next()
  const createdAt = world.clock.now()
  const { size, sha256, contentType, taskId } = declared
  const data: PayloadItem = { size, sha256, contentType, by, createdAt, taskId }
  const item: Item = { ...payloadKey(id), born: world.ids.token(), n: 1, data }
  const outcome = await world.store.commit({
    write: { kind: 'put', item, condition: { kind: 'absent' } },
    before: [rowWrite(world, id, createdAt)],
  })
  if (outcome.kind === 'conflict') throw new Error(`payload ${id}: the id was given twice`)
  return { id, size, sha256, contentType }
}

/** The payload, if there is one that is not being removed. */
export async function readPayload(world: World, id: string): Promise<PayloadItem | undefined> {
  const item = await world.store.get(payloadKey(id))
  const payload = item === undefined ? undefined : payloadOf(item)
  return payload?.going === true ? undefined : payload
}

export function payloadOf(item: Item): PayloadItem {
  return item.data as PayloadItem
}

/** Has the sweep look at this payload seven days after `time`. */
export function rowWrite(world: World, id: string, time: number): Write {
  const item: Item = { ...payloadRowKey(time, id), born: world.ids.token(), n: 1, data: {} }
  return { kind: 'put', item, condition: { kind: 'any' } }
}

/** How long a task that names payloads may take from its use to its head. */
export const useGraceMs = 3_600_000

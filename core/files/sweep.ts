import { limits } from '../contract/limits.ts'
import { payloadOfRow, payloadRowsPk, payloadRowTo } from '../keys.ts'
import type { World } from '../world.ts'
import { rowWrite, useGraceMs } from './payload.ts'
import { releasePayload } from './release.ts'

/** Payloads looked at in one sweep. */
const rowsMost = 100

/**
 * Looks at payloads that turned seven days old: those that no task names go, and so do the rows of all others, since
 * from then on the end of their last task removes them. Answers how many rows it looked at.
 */
export async function sweepPayloads(world: World): Promise<number> {
  const now = world.clock.now()
  const to = payloadRowTo(now - limits.payloadSeconds * 1_000 - useGraceMs)
  const { items } = await world.store.list({ pk: payloadRowsPk, to, limit: rowsMost })
  for (const { pk, sk } of items) {
    const id = payloadOfRow(sk)
    const outcome = await releasePayload(world, id)
    // First the new row, then the old one goes: a crash in between leaves one too many, which is harmless.
    if (outcome === 'later') await world.store.commit({ write: rowWrite(world, id, now) })
    await world.store.commit({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'any' } } })
  }
  return items.length
}

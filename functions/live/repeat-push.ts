import { spans } from '#core/contract/limits'
import { listConnections } from '#core/live/connections'
import { newSubjects, scopeOf } from '#core/live/scope'
import { watchKinds } from '#core/live/watched'
import type { Item, Key } from '#core/ports'
import { readHead } from '#core/tasks/move'
import type { LiveParts } from './deliver.ts'
import { createLooks, pushOne, tell } from './push.ts'
import { againLeastMs, type StoredUntold } from './untold.ts'

/** The clock's turn: pushes the entry before it acts, and of two at once only one does (protocol 10). */
export async function repeatPush(parts: LiveParts, key: Key): Promise<void> {
  const { world } = parts
  const item = await world.store.get(key)
  const now = world.clock.now()
  if (item?.due === undefined || item.due > now) return
  const untold = item.data as StoredUntold
  const tries = untold.tries + 1
  const { born, n } = item
  const due = now + againLeastMs * 2 ** tries
  const pushed: Item = { ...key, born, n: n + 1, due, data: { ...untold, tries } satisfies StoredUntold }
  const outcome = await world.store.commit({ write: { kind: 'put', item: pushed, condition: { kind: 'at', born, n } } })
  if (outcome.kind === 'conflict') return
  const isTold = await tellAgain(parts, untold)
  // Whoever was to be told has gone by then, and is shown everything anew when he comes back.
  if (!isTold && now - untold.since < spans.watchConnectionMs) return
  await world.store.commit({ write: { kind: 'delete', key, condition: { kind: 'at', born, n: n + 1 } } })
}

async function tellAgain(parts: LiveParts, { taskId, born, ids }: StoredUntold): Promise<boolean> {
  const { world } = parts
  const head = await readHead(world, taskId)
  if (head === undefined || head.born !== born) return true
  if (ids === undefined) {
    const change = { head, isSeen: true, subjects: newSubjects(undefined, head, false) }
    return (await pushOne(parts, createLooks(parts), change)) === undefined
  }
  const wanted = new Set(ids)
  let left = 0
  for (const kind of watchKinds) {
    const scope = scopeOf(head, kind)
    if (scope === undefined) continue
    const connections = (await listConnections(world, scope)).filter(({ id }) => wanted.has(id))
    left += (await tell(parts, connections, head)).length
  }
  return left === 0
}

import type { Head } from '#core/head'
import { liveRetryKey } from '#core/keys'
import type { Item } from '#core/ports'
import type { World } from '#core/world'

/** What a watcher could not be told and has to be: it waits in the due index for the clock (protocol 37). */
export interface Untold {
  readonly head: Head
  /** The connections that it did not get to; absent where it is not even known who they are. */
  readonly ids?: readonly string[] | undefined
}

export interface StoredUntold {
  readonly taskId: string
  readonly born: string
  readonly ids?: readonly string[] | undefined
  readonly since: number
  readonly tries: number
}

export const againLeastMs = 60_000

export async function leaveUntold(world: World, { head, ids }: Untold): Promise<void> {
  const since = world.clock.now()
  const data: StoredUntold = { taskId: head.id, born: head.born, ids, since, tries: 0 }
  const key = liveRetryKey(head.id, head.born)
  const item: Item = { ...key, born: world.ids.token(), n: 1, due: since + againLeastMs, data }
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'absent' } } })
}

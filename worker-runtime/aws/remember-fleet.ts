import { fleetKey } from '#core/keys'
import type { Clock, Item, Store } from '#core/ports'

/** How late an instance may hear that its worker was paused, or that another generation is current. */
const believedMs = 5_000

export interface RememberedFleet {
  readonly store: Store
  /** The next look is at what stands there: for what decides more than whether to take a task. */
  readonly forget: () => void
}

/**
 * An instance looks at its fleet whenever it asks for work, which for short tasks would be a paid read for each of
 * them: what was read is believed for a moment.
 */
export function rememberFleet(store: Store, worker: string, clock: Clock): RememberedFleet {
  const { pk, sk } = fleetKey(worker)
  let read: { readonly item: Item; readonly atMs: number } | undefined

  const forget = () => {
    read = undefined
  }

  const remembering: Store = {
    ...store,
    get: async (key) => {
      if (key.pk !== pk || key.sk !== sk) return store.get(key)
      if (read !== undefined && clock.monotonicMs() - read.atMs < believedMs) return read.item
      const atMs = clock.monotonicMs()
      const item = await store.get(key)
      read = item === undefined ? undefined : { item, atMs }
      return item
    },
    commit: async (commit) => {
      const { write } = commit
      const written = write.kind === 'put' ? write.item : write.key
      try {
        return await store.commit(commit)
      } finally {
        if (written.pk === pk && written.sk === sk) forget()
      }
    },
  }
  return { store: remembering, forget }
}

import type { Store } from '#core/ports'

export interface WatchOptions {
  readonly isBroken: () => boolean
  /** Called once, with the first failure after which the store takes nothing more. */
  readonly onBroken: (error: unknown) => void
}

/** The same store, whose end is told at once, whoever's commit met it: a hub that cannot write must not go on (protocol 43). */
export function watchStore(store: Store, { isBroken, onBroken }: WatchOptions): Store {
  let isTold = false
  const tell = (error: unknown): never => {
    if (isBroken() && !isTold) {
      isTold = true
      onBroken(error)
    }
    throw error
  }
  return {
    ...store,
    commit: (ask) => store.commit(ask).catch(tell),
    addToSet: (key, members) => store.addToSet(key, members).catch(tell),
  }
}

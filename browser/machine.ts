/** What a watch takes from its surroundings. Nothing else in browser/ asks for time or chance, so tests can play both. */
export interface Machine {
  /** From 0 (included) to 1 (excluded). */
  readonly chance: () => number
  /** @returns calls it off */
  readonly after: (ms: number, act: () => void) => () => void
  /** False only if the machine knows that it has no network. */
  readonly isOnline: () => boolean
  /** Whenever the page is looked at again, or the network is back: what was connected before may be dead. */
  readonly onReturn: (act: () => void) => () => void
}

/** A page has all of these; a worker some; Node none. */
interface Surroundings {
  readonly navigator?: { readonly onLine?: boolean }
  readonly document?: EventTarget & { readonly visibilityState?: string }
  readonly addEventListener?: EventTarget['addEventListener']
  readonly removeEventListener?: EventTarget['removeEventListener']
}

const around = globalThis as Surroundings

export const realMachine: Machine = {
  chance: () => Math.random(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
  isOnline: () => around.navigator?.onLine !== false,
  onReturn: (act) => {
    const look = (): void => {
      if (around.document?.visibilityState === 'visible') act()
    }
    around.addEventListener?.('online', act)
    around.document?.addEventListener('visibilitychange', look)
    return () => {
      around.removeEventListener?.('online', act)
      around.document?.removeEventListener('visibilitychange', look)
    }
  },
}

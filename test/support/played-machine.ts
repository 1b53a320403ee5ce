import type { Machine } from '#browser/machine'

/** A browser's time, network and page, as a test plays them. */
export interface PlayedMachine extends Machine {
  /** Lets so much time go by; whatever is due is done in its order. */
  readonly pass: (ms: number) => void
  /** In how many milliseconds each timer that is set is due. */
  readonly due: () => readonly number[]
  readonly setOnline: (isOnline: boolean) => void
  readonly comeBack: () => void
  readonly listeners: () => number
}

export function createPlayedMachine(chance = 0.5): PlayedMachine {
  let now = 0
  let isOnline = true
  const timers = new Set<{ readonly at: number; readonly act: () => void }>()
  const listeners = new Set<() => void>()
  return {
    chance: () => chance,
    after: (ms, act) => {
      const timer = { at: now + ms, act }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    isOnline: () => isOnline,
    onReturn: (act) => {
      listeners.add(act)
      return () => listeners.delete(act)
    },
    pass: (ms) => {
      const until = now + ms
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers.delete(next)
        now = next.at
        next.act()
      }
      now = until
    },
    due: () => [...timers].map(({ at }) => at - now).sort((a, b) => a - b),
    setOnline: (next) => {
      isOnline = next
    },
    comeBack: () => {
      for (const listener of [...listeners]) listener()
    },
    listeners: () => listeners.size,
  }
}

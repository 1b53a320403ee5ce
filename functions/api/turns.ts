export type Turns = <Value>(name: string, work: () => Promise<Value>) => Promise<Value>

/**
 * Work under one name goes one after the other, within this process. Each name is forgotten with its last turn, so what
 * is kept is bounded by the calls under way.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return async (name, work) => {
    const before = last.get(name)
    const turn = before === undefined ? work() : before.then(work, work)
    last.set(name, turn)
    try {
      return await turn
    } finally {
      if (last.get(name) === turn) last.delete(name)
    }
  }
}

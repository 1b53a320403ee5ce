import type { Store } from '#core/ports'

/**
 * Two processes on one store, whose calls happen in every order that a few switches between them allow: each call waits
 * at a gate until it is its process's turn.
 */
export type Process = 'a' | 'b'

interface Line {
  readonly waiting: (() => void)[]
  isDone: boolean
}

export interface Interleaved {
  readonly storeOf: (process: Process, store: Store) => Store
  /** Runs both to their end: `first` so many calls of a, then so many of b, then of a again, then the rest of b. */
  readonly play: (works: Readonly<Record<Process, () => Promise<unknown>>>, turns: Turns) => Promise<Played>
}

export type Turns = readonly [a: number, b: number, again: number]

/** How many calls each made before its turn was over: fewer than were given it mean that it had no more. */
export type Played = readonly [a: number, b: number, again: number]

export function createInterleaved(): Interleaved {
  const lines: Readonly<Record<Process, Line>> = {
    a: { waiting: [], isDone: false },
    b: { waiting: [], isDone: false },
  }
  const gate = (process: Process) => new Promise<void>((resolve) => lines[process].waiting.push(resolve))

  /** Lets one call of the process happen; false: it is at its end. */
  async function step(process: Process): Promise<boolean> {
    const line = lines[process]
    await settled()
    const next = line.waiting.shift()
    if (next === undefined) {
      if (!line.isDone) throw new Error(`${process} waits for something else than the store`)
      return false
    }
    next()
    await settled()
    return true
  }

  async function run(process: Process, calls: number): Promise<number> {
    for (let done = 0; done < calls; done++) if (!(await step(process))) return done
    return calls
  }

  return {
    storeOf: (process, store) => {
      const gated =
        <Ask extends readonly unknown[], Answer>(call: (...ask: Ask) => Promise<Answer>) =>
        async (...ask: Ask): Promise<Answer> => {
          await gate(process)
          return call(...ask)
        }
      return {
        ...store,
        get: gated(store.get),
        list: gated(store.list),
        commit: gated(store.commit),
        addToSet: gated(store.addToSet),
      }
    },
    play: async (works, [a, b, again]) => {
      const running = (Object.keys(works) as Process[]).map(async (process) => {
        await works[process]()
        lines[process].isDone = true
      })
      const played: Played = [await run('a', a), await run('b', b), await run('a', again)]
      await run('b', Number.POSITIVE_INFINITY)
      await run('a', Number.POSITIVE_INFINITY)
      await Promise.all(running)
      return played
    },
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const callsMost = 60

/** Every division of the calls into those turns. */
export async function everyOrder(play: (turns: Turns) => Promise<Played>): Promise<number> {
  let orders = 0
  for (let a = 0; a < callsMost; a++) {
    let isLastA = false
    for (let b = 0; b < callsMost; b++) {
      let isLastB = false
      for (let again = 0; again < callsMost; again++) {
        const played = await play([a, b, again])
        orders++
        isLastA = played[0] < a
        isLastB = played[1] < b
        if (played[2] < again || isLastA || isLastB) break
      }
      if (isLastA || isLastB) break
    }
    if (isLastA) break
  }
  return orders
}

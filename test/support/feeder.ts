import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '#client/index'

/** Submits without a pause to speak of, each request under its key until it is accepted, however often the hub dies. */

const betweenMs = 15
const againMs = 50
const triesMost = 2_000
const batchEvery = 5
const batchTasks = 4

export interface Feeder {
  /** Ids of all that was accepted, by the key and the place in its request. */
  readonly accepted: ReadonlyMap<string, string>
  readonly stop: () => Promise<void>
}

export function startFeeder(options: {
  readonly client: () => Client
  readonly name: string
  readonly chance: () => number
}): Feeder {
  const accepted = new Map<string, string>()
  let isStopped = false
  const newTask = () => ({ command: 'steady.step', arguments: { ms: Math.floor(options.chance() * 400) } })

  async function submit(key: string, count: number): Promise<void> {
    const tasks = Array.from({ length: count }, newTask)
    for (let tries = 0; tries < triesMost; tries++) {
      try {
        const ids = await options.client().submitBatch(tasks, { idempotencyKey: key })
        for (const [index, id] of ids.entries()) accepted.set(`${key}.${index}`, id)
        return
      } catch {
        // Not an answer: the same again, which makes the same tasks or finds them.
        await pause(againMs)
      }
    }
    throw new Error(`${key} was not accepted in ${triesMost} tries`)
  }

  const feeding = (async () => {
    for (let n = 0; !isStopped; n++) {
      await submit(`${options.name}-${n}`, n % batchEvery === 0 ? batchTasks : 1)
      await pause(betweenMs)
    }
  })()
  return {
    accepted,
    stop: async () => {
      isStopped = true
      await feeding
    },
  }
}

import type { NewTask } from '#core/contract/new-task'
import { rollForward } from '#core/flow/batch'
import type { Head } from '#core/head'
import { batchIdOf, headSk, isBatchPk } from '#core/keys'
import { headOf } from '#core/layout'
import { cancelTask, retryTask } from '#core/tasks/change'
import { claim } from '#core/tasks/claim'
import { createTask } from '#core/tasks/create'
import { endRun } from '#core/tasks/end-run'
import { readHead } from '#core/tasks/move'
import { dueEntries, tickTasks } from '#core/tasks/tick'
import { react } from '#functions/reactor/reactor'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'

/** A hub in memory with reactor and clock, and a worker that ends whatever rings: well, or as the test says. */

export const command = { worker: 'mill', name: 'mill.grind', version: 1 }
const minuteMs = 60_000
const holdMs = 10 * minuteMs
const roundsMost = 700

export type DependencyHub = ReturnType<typeof createDependencyHub>

export function createDependencyHub(world: MemoryWorld = createMemoryWorld()) {
  let seen = 0
  const hub = {
    world,
    /** All runs there were, by task, in their order. */
    ran: [] as string[],
    create: async (dependsOn: readonly string[] = [], changes: Partial<NewTask> = {}): Promise<string> => {
      const id = world.ids.next()
      const names = dependsOn.length === 0 ? {} : { dependsOn: [...dependsOn] }
      const task = { command: 'mill.grind', ...names, ...changes }
      const outcome = await createTask(world, { task, command, by: 'ann', id, argumentsBytes: 0 })
      if (outcome.kind !== 'created') throw new Error(outcome.kind)
      return id
    },
    head: async (id: string): Promise<Head> => {
      const head = await readHead(world, id)
      if (head === undefined) throw new Error(`task ${id} is not there`)
      return head
    },
    status: async (id: string) => (await hub.head(id)).status,
    heads: (): readonly Head[] => [...world.memory.table.all()].filter(({ sk }) => sk === headSk).map(headOf),
    items: (prefix: string) => [...world.memory.table.all()].filter(({ sk }) => sk.startsWith(prefix)),
    /** The reactor, up to where nothing follows from anything any more. */
    follow: async () => {
      for (let rounds = 0; rounds < roundsMost; rounds++) {
        const changes = world.memory.table.changes.slice(seen)
        if (changes.length === 0) return
        seen += changes.length
        await react(world, { nudgeScaler: () => undefined }, changes)
      }
      throw new Error('the reactor goes in circles')
    },
    /** Changes so far are lost to the reactor. */
    missAll: () => {
      seen = world.memory.table.changes.length
    },
    tick: async () => {
      const onOther = async ({ pk }: { readonly pk: string }) => {
        if (isBatchPk(pk)) await rollForward(world, batchIdOf(pk))
      }
      await tickTasks(world, { bellMustBeGone: () => false, onOther }, await dueEntries(world))
    },
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= minuteMs) {
        await world.clock.advance(Math.min(left, minuteMs))
        await hub.tick()
        await hub.follow()
      }
    },
    /** Ends what rings, and what that sets free; tasks named here fail. Answers who ran. */
    work: async (failing: readonly string[] = []): Promise<readonly string[]> => {
      const before = hub.ran.length
      for (let rounds = 0; rounds < roundsMost; rounds++) {
        await hub.follow()
        const bells = await world.queue.receive({ worker: 'mill', max: 1_000, holdMs, waitMs: 0 })
        if (bells.length === 0) return hub.ran.slice(before)
        for (const received of bells) await runOne(received, failing)
      }
      throw new Error('there is no end of bells')
    },
    cancel: (taskId: string) => cancelTask(world, { taskId, by: 'ann' }),
    retry: (taskId: string) => retryTask(world, { taskId, by: 'ann' }),
  }

  async function runOne(received: Parameters<typeof claim>[1]['received'], failing: readonly string[]): Promise<void> {
    const run = `run${hub.ran.length}`
    const asked = claim(world, { received, holdMs, instance: 'i1', run, accepts: () => true })
    const [outcome] = await Promise.all([asked, world.clock.advance(400)])
    if (outcome.kind !== 'run') return
    const { id } = outcome.head
    hub.ran.push(id)
    const error = { code: 'stone', message: 'a stone in the grain', retryable: false }
    const end = failing.includes(id) ? ({ kind: 'fail', error } as const) : ({ kind: 'succeed' } as const)
    await endRun(world, { taskId: id, run, end })
    await world.queue.done('mill', received.receipt)
  }
  return hub
}

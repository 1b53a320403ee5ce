import { afterEach, describe, expect, it } from 'vitest'
import { cancelTask, patchTask } from '#core/tasks/change'
import { createTask } from '#core/tasks/create'
import type { TaskFilter } from '#core/tasks/dimensions'
import { listTasks } from '#core/tasks/list'
import type { World } from '#core/world'
import { react } from '#functions/reactor/reactor'
import { createMemoryWorld } from '../support/memory-world.ts'
import type { MakeWorld, StoreWorld } from './world.ts'

/**
 * A list that is walked page by page while tasks are created, patched and ended all the time: whatever was there before
 * the walk began, and still is what was asked for, is told once. The reactor follows on its own.
 */

interface Walked {
  readonly world: World
  /** The reactor has worked off what there is. */
  readonly follow: () => Promise<void>
}

const pagesMost = 1_000

export function walkSuite(name: string, makeWorld: MakeWorld, count = 200): void {
  describe(`${name}: a walk while others write`, () => {
    let opened: StoreWorld | undefined
    afterEach(async () => {
      // Ended heads wait for company before they are put down, by this clock.
      await opened?.advance(1_000)
      await opened?.close()
    })

    async function open(): Promise<Walked> {
      opened = await makeWorld()
      const { store, queue, feed, now } = opened
      const memory = createMemoryWorld()
      const world = { ...memory, store, queue, clock: { ...memory.clock, now }, directoryShards: 3 }
      let cursor: string | undefined
      const follow = async () => {
        for (;;) {
          const read = await feed.read(cursor, 500)
          if (read.changes.length === 0) return
          await react(world, { nudgeScaler: () => undefined }, read.changes)
          cursor = read.cursor
        }
      }
      return { world, follow }
    }

    const filters: readonly (readonly [string, TaskFilter])[] = [
      ['a command', { command: 'mill.grind' }],
      ['an account', { accountId: 'a-1' }],
      ['tags', { tags: ['desk:two', 'region:eu'] }],
      ['a correlation', { correlationId: 'order 1' }],
    ]

    it.each(filters)('by %s: each task that was there is told once', async (_, filter) => {
      const { world, follow } = await open()
      const standing: string[] = []
      const victims: string[] = []
      for (let index = 0; index < count; index++) {
        if (index % 3 === 0) await opened?.advance(1)
        ;(index % 4 === 3 ? victims : standing).push(await create(world))
      }
      await follow()
      let isOver = false
      const writing = writeOn({ world, follow }, { standing, victims, isOver: () => isOver })
      const told = await walk(world, filter).finally(() => {
        isOver = true
      })
      await writing
      expect(new Set(told).size).toBe(told.length)
      for (const id of standing) expect(told).toContain(id)
      const known = new Set([...standing, ...victims])
      for (const id of told) expect(known.has(id), 'what was created after the walk began').toBe(true)
    })
  })
}

async function create(world: World): Promise<string> {
  const outcome = await createTask(world, {
    task: {
      command: 'mill.grind',
      accountId: 'a-1',
      correlationId: 'order 1',
      tags: { desk: 'two', region: 'eu' },
      retentionSeconds: 3_600,
    },
    command: { worker: 'mill', name: 'mill.grind', version: 1 },
    by: 'ann',
    id: world.ids.next(),
    argumentsBytes: 2,
  })
  if (outcome.kind !== 'created') throw new Error(`not created: ${outcome.kind}`)
  return outcome.head.id
}

/** Patches and ends what must be told, takes others out of every list, and creates new ones, until the walk is over. */
async function writeOn(
  { world, follow }: Walked,
  { standing, victims, isOver }: { standing: readonly string[]; victims: readonly string[]; isOver: () => boolean },
): Promise<void> {
  for (let round = 0; !isOver(); round++) {
    const at = (ids: readonly string[]) => ids[(round * 7) % ids.length] ?? ''
    const patch = {
      subject: `round ${round}`,
      externalId: `o-${round}`,
      tags: { desk: 'two', region: 'eu', round: `${round}` },
    }
    await Promise.all([
      patchTask(world, { taskId: at(standing), by: 'ann', fields: patch }),
      cancelTask(world, { taskId: standing[(round * 5) % standing.length] ?? '', by: 'ann' }),
      patchTask(world, { taskId: at(victims), by: 'ann', fields: { accountId: 'a-2', tags: null } }),
      createLater(world),
    ])
    await follow()
  }
}

/** A millisecond after everything that the walk may tell. */
async function createLater(world: World): Promise<void> {
  await create({ ...world, clock: { ...world.clock, now: () => world.clock.now() + 1 } })
}

async function walk(world: World, filter: TaskFilter): Promise<readonly string[]> {
  const told: string[] = []
  const to = world.clock.now() + 1
  let before: string | undefined
  for (let pages = 0; pages < pagesMost; pages++) {
    const page = await listTasks(world, { filter, from: 0, to, before, limit: 7 })
    told.push(...page.heads.map(({ id }) => id))
    if (page.next === undefined) return told
    before = page.next
  }
  throw new Error('the walk does not end')
}

/**
 * What a store with many finished tasks costs: `node --import tsx bench/million.ts [tasks]`, default 1,000,000. In one
 * process, through core's use cases on the LMDB store: no HTTP, no instances. Ratios are to the same store while empty.
 */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LmdbStore, openLmdbStore } from '#adapters/lmdb/store'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import { headOf } from '#core/layout'
import { claim } from '#core/tasks/claim'
import { createTask } from '#core/tasks/create'
import type { TaskFilter } from '#core/tasks/dimensions'
import { endRun } from '#core/tasks/end-run'
import { listTasks } from '#core/tasks/list'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { react } from '#functions/reactor/reactor'
import { makeFolder, removeFolder } from './processes.ts'

const total = Number(process.argv[2] ?? 1_000_000)
const sample = 20_000
const batch = 500
const looks = 2_000
const findsEach = 20
const command = { worker: 'bench', name: 'noop', version: 1 }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

function openAt(path: string): { lmdb: LmdbStore; world: World; openMs: number } {
  const startedMs = performance.now()
  const lmdb = openLmdbStore({ path, pageBytes: 4_096, durability: 'power', clock: systemClock })
  const openMs = performance.now() - startedMs
  const ids = createSystemIds()
  const { store, queue } = lmdb
  return {
    lmdb,
    openMs,
    world: {
      store,
      queue,
      ids,
      clock: systemClock,
      chance: () => 0.5,
      log: silent,
      directoryShards: 1,
      seesSince: () => 0,
    },
  }
}

let made = 0
const namedEvery = 1_000
const users = 20

/** One of a thousand can be found by more than its command. */
function namesOf(n: number) {
  if (n % namedEvery !== 0) return {}
  return { externalId: `order-${n}`, userId: `user-${(n / namedEvery) % users}`, tags: { desk: 'two' } }
}

async function runBatch(world: World, lmdb: LmdbStore, cursor: { at: string | undefined }): Promise<readonly string[]> {
  const create = () => {
    const task = { command: 'noop', ...namesOf(made++) }
    return createTask(world, { task, command, by: 'bench', id: world.ids.next(), argumentsBytes: 0 })
  }
  const created = await Promise.all(Array.from({ length: batch }, create))
  const received = await world.queue.receive({ worker: 'bench', max: batch, holdMs: 70_000, waitMs: 0 })
  await Promise.all(
    received.map(async (bell) => {
      const run = world.ids.token()
      const claimed = await claim(world, { received: bell, holdMs: 70_000, instance: 'i', run, accepts: () => true })
      if (claimed.kind !== 'run') throw new Error(`claim: ${claimed.kind}`)
      await endRun(world, { taskId: claimed.head.id, run, end: { kind: 'succeed', result: { output: true } } })
      await world.queue.done('bench', bell.receipt)
    }),
  )
  for (;;) {
    const read = await lmdb.feed.read(cursor.at, 2_000)
    cursor.at = read.cursor
    if (read.changes.length === 0) break
    await react(world, { nudgeScaler: () => undefined }, read.changes)
  }
  return created.flatMap((outcome) => (outcome.kind === 'created' ? [outcome.head.id] : []))
}

async function perSecond(
  world: World,
  lmdb: LmdbStore,
  cursor: { at: string | undefined },
  count: number,
): Promise<number> {
  const startedMs = performance.now()
  for (let done = 0; done < count; done += batch) await runBatch(world, lmdb, cursor)
  return Math.round((count / (performance.now() - startedMs)) * 1_000)
}

async function look(world: World, ids: readonly string[]): Promise<{ getMicros: number; listMs: number }> {
  const getStartedMs = performance.now()
  for (let index = 0; index < looks; index++) await readHead(world, ids[(index * 7_919) % ids.length] ?? '')
  const getMicros = ((performance.now() - getStartedMs) / looks) * 1_000
  const listStartedMs = performance.now()
  for (let index = 0; index < 50; index++) {
    const listed = await listTasks(world, { filter: { command: 'noop' }, from: 0, to: Date.now(), limit: 25 })
    if (listed.heads.length !== 25) throw new Error('the list is short')
  }
  return { getMicros, listMs: (performance.now() - listStartedMs) / 50 }
}

const finds: readonly (readonly [string, TaskFilter])[] = [
  ['external id', { externalId: 'order-1000' }],
  ['user', { userId: 'user-1' }],
  ['tag', { tags: ['desk:two'] }],
  ['user and status', { userId: 'user-1', status: 'succeeded' }],
  ['status that none has', { status: 'running' }],
]

/** A page of 25 by each, or what a page that finds less looks at. */
async function findEach(world: World): Promise<readonly string[]> {
  const lines: string[] = []
  for (const [name, filter] of finds) {
    const startedMs = performance.now()
    let found = 0
    for (let index = 0; index < findsEach; index++) {
      const ask = { filter, commands: ['noop'], from: 0, to: Date.now(), limit: 25 }
      found = (await listTasks(world, ask)).heads.length
    }
    const ms = (performance.now() - startedMs) / findsEach
    lines.push(`  by ${name.padEnd(20)} ${ms.toFixed(2)} ms, ${found} found`)
  }
  return lines
}

const folder = await makeFolder(tmpdir(), 'million')
const path = join(folder, 'store.mdb')
const first = openAt(path)
const cursor: { at: string | undefined } = { at: undefined }
const warm = await runBatch(first.world, first.lmdb, cursor)
await perSecond(first.world, first.lmdb, cursor, sample)
const emptyRate = await perSecond(first.world, first.lmdb, cursor, sample)
const empty = await look(first.world, warm)
const kept: string[] = [...warm]
for (let done = 0; done < total; done += batch) {
  const ids = await runBatch(first.world, first.lmdb, cursor)
  if (done % 10_000 === 0) kept.push(...ids)
}
const fullRate = await perSecond(first.world, first.lmdb, cursor, sample)
const full = await look(first.world, kept)
const found25 = await findEach(first.world)
// The mapped file's pages belong to the kernel, which takes them back when it likes: only the rest is the hub's.
const ownMb = Math.round(Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024)
await first.lmdb.close()
const second = openAt(path)
const someId = kept[0] ?? ''
const found = headOf(
  (await second.world.store.get({ pk: `T#${someId}`, sk: 'HEAD' })) ?? { pk: '', sk: '', born: '', n: 0, data: {} },
)
process.stdout.write(
  [
    `${total} finished tasks, ${found.status} among them`,
    `tasks/s      empty ${emptyRate}, full ${fullRate}: ${(fullRate / emptyRate).toFixed(2)}×`,
    `get, µs      empty ${empty.getMicros.toFixed(1)}, full ${full.getMicros.toFixed(1)}: ${(full.getMicros / empty.getMicros).toFixed(2)}×`,
    `list 25, ms  empty ${empty.listMs.toFixed(2)}, full ${full.listMs.toFixed(2)}: ${(full.listMs / empty.listMs).toFixed(2)}×`,
    'a page of 25, full:',
    ...found25,
    `memory after all that ${ownMb} MB without the mapped file's pages; opening again ${second.openMs.toFixed(0)} ms\n`,
  ].join('\n'),
)
await second.lmdb.close()
removeFolder(folder)

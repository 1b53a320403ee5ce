import { describe, expect, it } from 'vitest'
import { cancelTask, patchTask } from '#core/tasks/change'
import type { TaskFilter } from '#core/tasks/dimensions'
import { type ListAsk, listTasks } from '#core/tasks/list'
import { allRowsOf } from '#core/tasks/rows'
import { aHead } from '../../support/heads.ts'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { type CreateChanges, created, reacted, standing } from './fixtures.ts'

const day = 86_400_000

async function found(world: MemoryWorld, filter: TaskFilter, ask: Partial<ListAsk> = {}): Promise<readonly string[]> {
  const ids: string[] = []
  let before: string | undefined
  for (let pages = 0; pages < 1_000; pages++) {
    const to = world.clock.now() + 1
    const page = await listTasks(world, { filter, from: 0, to, limit: 2, ...ask, before })
    ids.push(...page.heads.map((head) => head.id))
    before = page.next
    if (before === undefined) return ids
  }
  throw new Error('the list does not end')
}

async function add(world: MemoryWorld, task: NonNullable<CreateChanges['task']>): Promise<string> {
  await world.clock.advance(1)
  return (await created(world, { task })).id
}

function rowsIn(world: MemoryWorld): readonly string[] {
  return [...world.memory.table.all()].flatMap(({ pk }) => (pk.startsWith('D#') ? [pk] : []))
}

describe('a plain task', () => {
  it('costs one row', async () => {
    const world = createMemoryWorld()
    await add(world, {})
    await reacted(world)
    expect(rowsIn(world)).toEqual(['D#command=mill.grind#0#2026-01'])
  })

  it('that is unlisted is found by nothing but the audit', async () => {
    const world = createMemoryWorld()
    await add(world, { unlisted: true, externalId: 'o-1', tags: { desk: 'two' } })
    await reacted(world)
    expect(rowsIn(world)).toEqual(['D#command=mill.grind#0#2026-01'])
    expect(await found(world, { externalId: 'o-1' })).toEqual([])
    expect(await found(world, { command: 'mill.grind' })).toEqual([])
  })
})

describe('each dimension', () => {
  const people = { externalId: 'o-8472', userId: 'u-1', accountId: 'a-1', correlationId: 'order 8472' } as const

  it.each(Object.entries(people))('%s finds what has it, newest first, and nothing else', async (field, value) => {
    const world = createMemoryWorld({ directoryShards: 4 })
    const ids: string[] = []
    for (let index = 0; index < 7; index++) {
      ids.unshift(await add(world, { [field]: value }))
      await add(world, { [field]: `${value}x` })
      await add(world, {})
    }
    await reacted(world)
    expect(await found(world, { [field]: value })).toEqual(ids)
    expect(await found(world, { [field]: `${value}y` })).toEqual([])
  })

  it('tags: all that are named must hold, in any order', async () => {
    const world = createMemoryWorld()
    const both = await add(world, { tags: { desk: 'two', region: 'eu' } })
    await add(world, { tags: { desk: 'two', region: 'us' } })
    await add(world, { tags: { desk: 'one', region: 'eu' } })
    await reacted(world)
    expect(await found(world, { tags: ['desk:two', 'region:eu'] })).toEqual([both])
    expect(await found(world, { tags: ['region:eu', 'desk:two'] })).toEqual([both])
    expect(await found(world, { tags: ['desk:two'] })).toHaveLength(2)
  })

  it('together: whatever is named must hold', async () => {
    const world = createMemoryWorld()
    const wanted = await add(world, { ...people, tags: { desk: 'two' } })
    for (const field of Object.keys(people)) await add(world, { ...people, tags: { desk: 'two' }, [field]: 'another' })
    await add(world, people)
    const canceled = await add(world, { ...people, tags: { desk: 'two' } })
    await cancelTask(world, { taskId: canceled, by: 'ann' })
    await reacted(world)
    const filter = { ...people, tags: ['desk:two'], command: 'mill.grind', status: 'queued' } as const
    expect(await found(world, filter)).toEqual([wanted])
    expect(await found(world, { ...filter, status: 'canceled' })).toEqual([canceled])
    expect(await found(world, { ...filter, command: 'mill.clean' })).toEqual([])
  })

  it('a correlation id that is the id of a task finds that task too, where it belongs', async () => {
    const world = createMemoryWorld()
    const root = await add(world, {})
    const others = [await add(world, { correlationId: root })]
    for (let index = 0; index < 5; index++) others.unshift(await add(world, { correlationId: root }))
    await reacted(world)
    for (const limit of [1, 2, 3, 100])
      expect(await found(world, { correlationId: root }, { limit })).toEqual([...others, root])
    const from = (await standing(world, root)).createdAt
    expect(await found(world, { correlationId: root }, { from: from + 1 })).toEqual(others)
    expect(await found(world, { correlationId: root }, { to: from + 1 })).toEqual([root])
    expect(rowsIn(world).filter((pk) => pk.startsWith('D#correlationId='))).toHaveLength(6)
  })
})

describe('values', () => {
  const odd = [
    'a#b',
    'a%0023b',
    'a b',
    'ä',
    '\ud800',
    '$',
    '#0#all',
    'x'.repeat(128),
    `${'x'.repeat(127)}y`,
    '%',
    'a:b',
  ]

  it('of any kind are kept apart, and make keys that every store takes', async () => {
    const world = createMemoryWorld()
    const ids = new Map<string, string>()
    for (const value of odd)
      ids.set(value, await add(world, { externalId: value, tags: { [value.slice(0, 64)]: value } }))
    await reacted(world)
    for (const [value, id] of ids) {
      expect(await found(world, { externalId: value }), value).toEqual([id])
      expect(await found(world, { tags: [`${value.slice(0, 64)}:${value}`] }), value).toEqual([id])
    }
    for (const pk of rowsIn(world)) expect(pk).toMatch(/^D#[!-"$-~]{1,150}#0#(?:all|2026-01)$/)
  })

  it('long ones are hashed, so that a row stays small', () => {
    const world = createMemoryWorld()
    const head = aHead({ tags: { ['k'.repeat(64)]: 'v#'.repeat(128) }, externalId: '#'.repeat(128) })
    for (const { item } of allRowsOf(world, head).filter((write) => write.kind === 'put')) {
      expect(item.pk.length).toBeLessThan(200)
    }
  })
})

describe('a patch', () => {
  it('makes the task found by its new values, and no more by its old ones', async () => {
    const world = createMemoryWorld()
    const id = await add(world, { externalId: 'old', tags: { desk: 'one', kept: 'yes' } })
    await reacted(world)
    const before = rowsIn(world).length
    const fields = { externalId: 'new', userId: 'u-1', tags: { desk: 'two', kept: 'yes' } }
    await patchTask(world, { taskId: id, by: 'ann', fields })
    await reacted(world)
    expect(await found(world, { externalId: 'new' })).toEqual([id])
    expect(await found(world, { userId: 'u-1' })).toEqual([id])
    expect(await found(world, { tags: ['desk:two', 'kept:yes'] })).toEqual([id])
    expect(await found(world, { externalId: 'old' })).toEqual([])
    expect(await found(world, { tags: ['desk:one'] })).toEqual([])
    // The rows of what it was stay: three came, none went.
    expect(rowsIn(world)).toHaveLength(before + 3)
  })

  it('back and forth: the task is in the list once', async () => {
    const world = createMemoryWorld()
    const id = await add(world, { externalId: 'a' })
    for (const externalId of ['b', 'a', 'b', 'a'])
      await patchTask(world, { taskId: id, by: 'ann', fields: { externalId } })
    await reacted(world)
    expect(await found(world, { externalId: 'a' })).toEqual([id])
  })
})

describe('rows', () => {
  it('of one value are spread evenly, so that no key takes more than its share', () => {
    const world = createMemoryWorld({ directoryShards: 4 })
    const shares = new Map<string, number>()
    for (let index = 0; index < 10_000; index++) {
      const head = aHead({ id: world.ids.next(), accountId: 'a-1', tags: { env: 'prod' } })
      for (const write of allRowsOf(world, head)) {
        const { pk } = write.kind === 'put' ? write.item : write.key
        shares.set(pk, (shares.get(pk) ?? 0) + 1)
      }
    }
    // Command, correlation id, account id and tag.
    expect(shares.size).toBe(4 * 4)
    for (const [pk, count] of shares) expect(count, pk).toBeLessThan(2_700)
  })

  it('stay where shards were added: each task is told once', async () => {
    const few = createMemoryWorld({ directoryShards: 2 })
    const ids: string[] = []
    for (let index = 0; index < 20; index++) ids.unshift(await add(few, { accountId: 'a-1' }))
    await reacted(few)
    const many = { ...few, directoryShards: 8 }
    await reacted(many)
    for (const limit of [1, 7, 100]) expect(await found(many, { accountId: 'a-1' }, { limit })).toEqual(ids)
  })

  it('of a task that lives for long are written again before they go', async () => {
    const world = createMemoryWorld()
    const id = await add(world, { externalId: 'o-1', retentionSeconds: 60 })
    for (let days = 0; days < 400; days += 10) {
      await world.clock.advance(10 * day)
      await patchTask(world, { taskId: id, by: 'ann', fields: { subject: `day ${days}` } })
      await reacted(world)
      const { changes } = world.memory.table
      changes.splice(0, changes.length)
      const rows = [...world.memory.table.all()].filter(({ pk }) => pk.startsWith('D#'))
      expect(rows).toHaveLength(2)
      for (const { expiresAt = 0 } of rows) expect(expiresAt).toBeGreaterThan(world.clock.now() + 10 * day)
    }
  })

  it('of a life that is over say nothing of the next one under the same id', async () => {
    const world = createMemoryWorld()
    const id = world.ids.next()
    const first = await created(world, { id, requestHash: 'h', task: { externalId: 'o-1', retentionSeconds: 60 } })
    await cancelTask(world, { taskId: first.id, by: 'ann' })
    await world.clock.advance(61_000)
    const second = await created(world, { id, requestHash: 'h', task: { externalId: 'o-1' } })
    expect(second.born).not.toBe(first.born)
    await reacted(world)
    expect(await found(world, { externalId: 'o-1' })).toEqual([id])
  })
})

it('a page looks at a bounded number of rows, and the next one goes on', async () => {
  const world = createMemoryWorld()
  const ids: string[] = []
  for (let index = 0; index < 2_500; index++) ids.push((await created(world, { task: { accountId: 'a-1' } })).id)
  await cancelTask(world, { taskId: ids[3] ?? '', by: 'ann' })
  await reacted(world)
  const ask = {
    filter: { accountId: 'a-1', status: 'canceled' },
    from: 0,
    to: world.clock.now() + 1,
    limit: 1,
  } as const
  let read = 0
  const counted = {
    ...world,
    store: {
      ...world.store,
      get: (key: Parameters<typeof world.store.get>[0]) => {
        read++
        return world.store.get(key)
      },
    },
  }
  const first = await listTasks(counted, ask)
  expect(first.heads).toEqual([])
  expect(first.next).toBeDefined()
  expect(read).toBeLessThanOrEqual(1_200)
  expect(await found(world, ask.filter)).toEqual([ids[3]])
})

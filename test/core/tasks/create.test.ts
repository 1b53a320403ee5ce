import { describe, expect, it } from 'vitest'
import { bodyKey } from '#core/keys'
import { argumentsOf } from '#core/layout'
import { endRun } from '#core/tasks/end-run'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { create, created, running, standing } from './fixtures.ts'

const day = 86_400_000

describe('createTask', () => {
  it('writes a queued head and rings for it, with a copy', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    expect(head).toMatchObject({
      status: 'queued',
      n: 1,
      arguments: { grain: 'rye' },
      history: [[head.createdAt, 'created', 'ann']],
    })
    expect(head.due).toBeUndefined()
    expect(await standing(world, head.id)).toEqual(JSON.parse(JSON.stringify(head)))
    expect([...world.memory.queue.all('mill')]).toMatchObject([
      { taskId: head.id, n: 1, delayMs: 0, copy: { id: head.id } },
    ])
  })

  it('keeps large arguments apart, written before the head, and rings without a copy', async () => {
    const world = createMemoryWorld()
    const head = await created(world, { argumentsBytes: 5_000 })
    expect(head).toMatchObject({ bodyApart: true })
    expect(head.arguments).toBeUndefined()
    const order = world.memory.table.changes.map((change) => change.sk)
    expect(order).toEqual([bodyKey(head.id, head.born).sk, 'HEAD'])
    expect(await argumentsOf(world.store, head)).toEqual({ grain: 'rye' })
    expect([...world.memory.queue.all('mill')][0]?.copy).toBeUndefined()
  })

  it.each([
    ['a start within 15 minutes rides on the bell', 900, 'queued', undefined],
    ['a later start waits in the index', 901, 'waiting', 1_000],
  ])('%s', async (_, seconds, status, dueInMs) => {
    const world = createMemoryWorld()
    const head = await created(world, { task: { startAfter: { seconds } } })
    expect(head.status).toBe(status)
    expect(head.due).toBe(dueInMs === undefined ? undefined : world.clock.now() + dueInMs)
    expect(await world.queue.depth('mill')).toMatchObject({ delayed: status === 'queued' ? 1 : 0, visible: 0 })
  })

  it('refuses a start window that closes before it opens', async () => {
    const outcome = await create(createMemoryWorld(), {
      task: { startAfter: { seconds: 60 }, notStartAfter: { seconds: 30 } },
    })
    expect(outcome).toMatchObject({ kind: 'invalid', field: '/notStartAfter' })
  })

  it('the same request under its key finds its task, another one clashes', async () => {
    const world = createMemoryWorld()
    const id = world.ids.ofText('key')
    const first = await created(world, { id, requestHash: 'h1' })
    expect(await create(world, { id, requestHash: 'h1' })).toMatchObject({
      kind: 'existing',
      head: { born: first.born },
    })
    expect(await create(world, { id, requestHash: 'h2' })).toMatchObject({ kind: 'clash', head: { born: first.born } })
  })

  it('a store that is away before the write: nothing was accepted', async () => {
    const world = createMemoryWorld()
    world.upsets.push('before')
    await expect(create(world)).rejects.toThrow('away')
    expect([...world.memory.table.all()]).toEqual([])
  })

  it('its own write, met again after the answer was lost and the task was claimed, is a yes', async () => {
    const world = createMemoryWorld()
    const { store } = world
    const lossy = {
      ...world,
      store: {
        ...store,
        commit: async (ask: Parameters<typeof store.commit>[0]) => {
          if (ask.write.kind === 'put' && ask.write.condition.kind === 'absent') {
            await store.commit(ask)
            await store.commit({
              write: {
                ...ask.write,
                item: {
                  ...ask.write.item,
                  n: 2,
                  data: { ...Object(ask.write.item.data), n: 2, writer: 'run1', status: 'running' },
                },
                condition: { kind: 'any' },
              },
            })
          }
          return store.commit(ask)
        },
      },
    }
    expect(await create(lossy, { requestHash: 'h1' })).toMatchObject({ kind: 'created', head: { n: 2 } })
  })

  it('an id whose retention is over gets a new life, and a place that was just emptied is taken', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world, { requestHash: 'h1' })
    await endRun(world, { taskId: head.id, run: 'run1', end: { kind: 'succeed' } })
    await world.clock.advance(31 * day)
    const again = await created(world, { id: head.id, requestHash: 'h2' })
    expect(again.born).not.toBe(head.born)
    expect((await standing(world, head.id)).born).toBe(again.born)

    await endRun(world, { taskId: head.id, run: 'none', end: { kind: 'succeed' } })
    const { store } = world
    let emptied = 0
    const racing = {
      ...world,
      store: {
        ...store,
        commit: async (ask: Parameters<typeof store.commit>[0]) => {
          const outcome = await store.commit(ask)
          if (outcome.kind === 'conflict' && emptied++ === 0) {
            // The store removes the old head between the two tries.
            await store.commit({
              write: { kind: 'delete', key: { pk: `T#${head.id}`, sk: 'HEAD' }, condition: { kind: 'any' } },
            })
            return { kind: 'conflict', current: undefined } as const
          }
          return outcome
        },
      },
    }
    const third = await create(racing, { id: head.id, requestHash: 'h3' })
    expect(third.kind).toBe('created')
    expect((await standing(world, head.id)).requestHash).toBe('h3')
  })
})

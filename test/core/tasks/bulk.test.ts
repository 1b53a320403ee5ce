import { describe, expect, it } from 'vitest'
import { BulkRequest } from '#core/contract/bulk'
import type { Json } from '#core/contract/names'
import type { Head } from '#core/head'
import { createBulk } from '#core/tasks/bulk/create-bulk'
import { workBulk } from '#core/tasks/bulk/work-bulk'
import { cancelTask, patchTask, removeTask, retryTask } from '#core/tasks/change'
import { endRun } from '#core/tasks/end-run'
import { readHead } from '#core/tasks/move'
import { dueEntries, tickTasks } from '#core/tasks/tick'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { type CreateChanges, claimWith, created, reacted, receive, register, standing } from './fixtures.ts'

/** A hub with so many tasks of one account, oldest first. */
async function hubWith(count: number, task: CreateChanges['task'] = { accountId: 'a-1' }) {
  const world = createMemoryWorld({ directoryShards: 2 })
  await register(world)
  const ids: string[] = []
  for (let index = 0; index < count; index++) {
    if (index % 10 === 0) await world.clock.advance(1)
    ids.push((await created(world, { task })).id)
  }
  await reacted(world)
  await world.clock.advance(1)
  return { world, ids }
}

async function bulk(world: MemoryWorld, request: unknown, by = 'ann'): Promise<Head> {
  const parsed = BulkRequest.parse(request)
  const outcome = await createBulk(world, { id: world.ids.next(), requestHash: undefined, request: parsed, by })
  if (outcome.kind !== 'created') throw new Error(`not created: ${outcome.kind}`)
  return outcome.head
}

/** To its end, by one clock. */
async function workOff(world: MemoryWorld, { id }: Head): Promise<Head> {
  await workBulk(world, id, { mayGoOn: () => true })
  return standing(world, id)
}

const outputOf = ({ result }: Head) => result?.output as Readonly<Record<string, Json>>

async function failed(world: MemoryWorld): Promise<string> {
  const received = await receive(world)
  const outcome = await claimWith(world, received, { run: world.ids.token() })
  if (outcome.kind !== 'run') throw new Error(`not claimed: ${outcome.kind}`)
  const { id, run } = outcome.head
  const error = { code: 'broken', message: 'it broke', retryable: false }
  await endRun(world, { taskId: id, run: run?.id ?? '', end: { kind: 'fail', error } })
  if (received !== undefined) await world.queue.done('mill', received.receipt)
  return id
}

describe('a bulk cancel', () => {
  it('cancels what is open, counts what is not, and leaves all others', async () => {
    const { world, ids } = await hubWith(250)
    const other = await created(world, { task: { accountId: 'a-2' } })
    const [gone = ''] = ids
    await cancelTask(world, { taskId: gone, by: 'ben' })
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' }, reason: 'sent twice' })
    expect(head).toMatchObject({ status: 'running', due: world.clock.now(), command: 'taskurai.bulk' })
    const ended = await workOff(world, head)
    expect(ended).toMatchObject({ status: 'succeeded', statusCode: 200, progress: { percent: 100 } })
    expect(ended.due).toBeUndefined()
    expect(ended.bulk).toBeUndefined()
    expect(outputOf(ended)).toEqual({
      ...{ action: 'cancel', dryRun: false, looked: 250, changed: 249, failed: 0 },
      skipped: { 'already-canceled': 1 },
      firstIds: ids
        .toReversed()
        .slice(0, 20)
        .map(() => expect.any(String)),
    })
    for (const id of ids) expect((await standing(world, id)).status).toBe('canceled')
    expect((await standing(world, ids[7] ?? '')).history.at(-1)).toEqual([
      expect.any(Number),
      'canceled',
      'ann',
      'sent twice',
    ])
    expect((await standing(world, other.id)).status).toBe('queued')
  })

  it('dry: counts, names the newest twenty, and changes nothing', async () => {
    const { world, ids } = await hubWith(130)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1', status: 'queued' }, dryRun: true })
    const output = outputOf(await workOff(world, head))
    expect(output).toMatchObject({ dryRun: true, looked: 130, changed: 130, skipped: {}, failed: 0 })
    expect(new Set(output.firstIds as string[]).size).toBe(20)
    for (const id of output.firstIds as string[]) expect(ids.slice(-20)).toContain(id)
    for (const id of ids) expect((await standing(world, id)).status).toBe('queued')
  })

  it('leaves what was created after it was asked for, itself, and other bulks', async () => {
    const { world, ids } = await hubWith(3)
    const other = await bulk(world, { action: 'retry', filter: { accountId: 'a-1' } })
    const head = await bulk(world, { action: 'cancel', filter: { from: '2020-01-01T00:00:00Z' } })
    await world.clock.advance(5)
    const later = await created(world, { task: { accountId: 'a-1' } })
    await reacted(world)
    const ended = await workOff(world, head)
    expect(outputOf(ended)).toMatchObject({ looked: 5, changed: 3, skipped: { bulk: 2 } })
    expect((await standing(world, later.id)).status).toBe('queued')
    expect((await standing(world, other.id)).status).toBe('running')
    for (const id of ids) expect((await standing(world, id)).status).toBe('canceled')
  })
})

describe('a bulk retry', () => {
  it('begins anew what failed, was canceled or expired, each once', async () => {
    const { world, ids } = await hubWith(5)
    const broken = [await failed(world), await failed(world)]
    const canceled = ids.find((id) => !broken.includes(id)) ?? ''
    await cancelTask(world, { taskId: canceled, by: 'ben' })
    await reacted(world)
    await world.clock.advance(1)
    const head = await bulk(world, { action: 'retry', filter: { accountId: 'a-1' } })
    const ended = await workOff(world, head)
    expect(outputOf(ended)).toMatchObject({ looked: 5, changed: 3, skipped: { 'not-ended': 2 } })
    for (const id of [...broken, canceled]) {
      expect((await standing(world, id)).history.at(-1)).toMatchObject([expect.any(Number), 'retried', 'ann'])
    }
  })

  it('by status, over the row of what failed; what fails again meanwhile is left', async () => {
    const { world } = await hubWith(3, {})
    const first = await failed(world)
    await reacted(world)
    await world.clock.advance(1)
    const head = await bulk(world, { action: 'retry', filter: { status: 'failed' } })
    await world.clock.advance(1)
    const second = await failed(world)
    await reacted(world)
    const ended = await workOff(world, head)
    expect(outputOf(ended)).toMatchObject({ looked: 2, changed: 1, skipped: { 'ended-since': 1 } })
    expect((await standing(world, first)).status).toBe('queued')
    expect((await standing(world, second)).status).toBe('failed')
  })
})

describe('a bulk erase', () => {
  it('deletes what has ended, counts what is open, and never itself', async () => {
    const { world, ids } = await hubWith(120)
    for (const id of ids.slice(0, 110)) await cancelTask(world, { taskId: id, by: 'ben' })
    await reacted(world)
    const dry = await workOff(world, await bulk(world, { action: 'erase', filter: { accountId: 'a-1' }, dryRun: true }))
    expect(outputOf(dry)).toMatchObject({ looked: 120, changed: 110, skipped: { 'not-ended': 10 } })
    const ended = await workOff(world, await bulk(world, { action: 'erase', filter: { accountId: 'a-1' } }))
    expect(outputOf(ended)).toMatchObject({ looked: 120, changed: 110, skipped: { 'not-ended': 10 } })
    for (const id of ids.slice(0, 110)) expect(await readHead(world, id)).toBeUndefined()
    for (const id of ids.slice(110)) expect((await standing(world, id)).status).toBe('queued')
    await reacted(world)
    const bulks = await workOff(world, await bulk(world, { action: 'erase', filter: { command: 'taskurai.bulk' } }))
    expect(outputOf(bulks)).toMatchObject({ looked: 2, changed: 2 })
  })

  it('leaves sub tasks whose parent may ask for them', async () => {
    const { world, ids } = await hubWith(1)
    const [parent = ''] = ids
    const { born } = await standing(world, parent)
    const flow = {
      parent: { id: parent, born, step: 's', index: 0, count: 1, era: 0, depth: 1, onEnd: 'cancel' },
    } as const
    const child = await created(world, { task: { accountId: 'a-3' }, flow } as CreateChanges)
    await cancelTask(world, { taskId: child.id, by: 'ben' })
    await reacted(world)
    for (const dryRun of [true, false]) {
      const ended = await workOff(world, await bulk(world, { action: 'erase', filter: { accountId: 'a-3' }, dryRun }))
      expect(outputOf(ended)).toMatchObject({ changed: 0, skipped: { needed: 1 } })
    }
  })
})

describe('the work of a bulk', () => {
  it('5,000 tasks, in portions of a hundred, as the clock has time', async () => {
    const { world, ids } = await hubWith(5_000)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' } })
    const percents: number[] = []
    let ticks = 0
    for (; ticks < 60 && (await standing(world, head.id)).status === 'running'; ticks++) {
      await tickTasks(world, { bellMustBeGone: () => false }, await dueEntries(world))
      percents.push((await standing(world, head.id)).progress?.percent ?? 0)
    }
    expect(ticks).toBeLessThanOrEqual(52)
    expect(percents).toEqual(percents.toSorted((a, b) => a - b))
    expect(outputOf(await standing(world, head.id))).toMatchObject({ looked: 5_000, changed: 5_000, failed: 0 })
    for (const id of ids) expect((await standing(world, id)).status).toBe('canceled')
  }, 60_000)

  it('two clocks at once: one of them acts', async () => {
    const { world } = await hubWith(350)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' } })
    const time = { mayGoOn: () => true }
    const worked = await Promise.all([1, 2, 3].map(() => workBulk(world, head.id, time)))
    expect(worked.toSorted()).toEqual([false, false, true])
    expect(outputOf(await standing(world, head.id))).toMatchObject({ looked: 350, changed: 350, skipped: {} })
  })

  it.each([1, 3, 40, 99, 101, 150])('a crash after %i writes repeats one portion at most', async (writes) => {
    const { world, ids } = await hubWith(250)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' } })
    let left = writes
    const dying: MemoryWorld = {
      ...world,
      store: {
        ...world.store,
        commit: async (commit) => {
          if (left-- <= 0) throw new Error('the process is dead')
          return world.store.commit(commit)
        },
      },
    }
    await expect(workBulk(dying, head.id, { mayGoOn: () => true })).rejects.toThrow()
    const cut = await standing(world, head.id)
    expect(cut).toMatchObject({ status: 'running', due: world.clock.now() + 120_000 })
    // Nobody else takes it before that.
    expect(await workBulk(world, head.id, { mayGoOn: () => true })).toBe(false)
    await world.clock.advance(120_001)
    const ended = await workOff(world, head)
    // The repeated ones are known again by the bulk's own hand.
    expect(outputOf(ended)).toMatchObject({ looked: 250, changed: 250, skipped: {}, failed: 0 })
    for (const id of ids) {
      const { history } = await standing(world, id)
      expect(history.filter(([, move]) => move === 'canceled')).toHaveLength(1)
    }
  })

  it('one that was held up writes nothing over the one that went on', async () => {
    const { world } = await hubWith(250)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' } })
    let isHeld = false
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow: MemoryWorld = {
      ...world,
      store: {
        ...world.store,
        list: async (range) => {
          if (!isHeld) {
            isHeld = true
            await released
          }
          return world.store.list(range)
        },
      },
    }
    const held = workBulk(slow, head.id, { mayGoOn: () => true })
    while (!isHeld) await Promise.resolve()
    await world.clock.advance(120_001)
    const ended = await workOff(world, head)
    release()
    await held
    expect(await standing(world, head.id)).toEqual(ended)
    expect(outputOf(ended)).toMatchObject({ looked: 250, changed: 250 })
  })

  it('stops between portions when it is canceled, and tells what it did', async () => {
    const { world, ids } = await hubWith(250)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' } })
    expect(await workBulk(world, head.id, { mayGoOn: () => false })).toBe(true)
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'mine' } })
    await cancelTask(world, { taskId: head.id, by: 'ben', reason: 'a mistake' })
    expect(await workBulk(world, head.id, { mayGoOn: () => true })).toBe(false)
    const ended = await standing(world, head.id)
    expect(ended).toMatchObject({ status: 'canceled', statusCode: 499, subject: 'mine', runCount: 0 })
    expect(outputOf(ended)).toMatchObject({ looked: 100, changed: 100 })
    expect(await statuses(world, ids)).toEqual({ canceled: 100, queued: 150 })
    expect(await retryTask(world, { taskId: head.id, by: 'ann' })).toMatchObject({ kind: 'refused' })
    expect(await removeTask(world, head.id)).toEqual({ kind: 'removed' })
  })

  it('a cancel in the middle of a portion: what is under way is done, and no more', async () => {
    const { world, ids } = await hubWith(250)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' } })
    let commits = 0
    const meddled: MemoryWorld = {
      ...world,
      store: {
        ...world.store,
        commit: async (commit) => {
          if (++commits === 50) await cancelTask(world, { taskId: head.id, by: 'ben' })
          return world.store.commit(commit)
        },
      },
    }
    await workBulk(meddled, head.id, { mayGoOn: () => true })
    expect((await standing(world, head.id)).status).toBe('canceled')
    expect(await statuses(world, ids)).toEqual({ canceled: 100, queued: 150 })
  })

  it('a task that cannot be written is counted, and does not hold up the others', async () => {
    const { world, ids } = await hubWith(30)
    const head = await bulk(world, { action: 'cancel', filter: { accountId: 'a-1' } })
    const poison = `T#${ids[4]}`
    const sick: MemoryWorld = {
      ...world,
      store: {
        ...world.store,
        commit: async (commit) => {
          const { write } = commit
          if ((write.kind === 'put' ? write.item : write.key).pk === poison) throw new Error('this item is broken')
          return world.store.commit(commit)
        },
      },
    }
    await workBulk(sick, head.id, { mayGoOn: () => true })
    expect(outputOf(await standing(world, head.id))).toMatchObject({ looked: 30, changed: 29, failed: 1 })
    expect(world.logged).toContain('bulk.task-failed')
  })
})

async function statuses(world: MemoryWorld, ids: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const id of ids) {
    const { status } = await standing(world, id)
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

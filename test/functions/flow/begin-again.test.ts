import { describe, expect, it } from 'vitest'
import type { OpenWait } from '#core/contract/steps'
import type { Grant } from '#core/contract/worker-protocol'
import { headKey } from '#core/keys'
import type { Store } from '#core/ports'
import { createFlowHub, type FlowHub, recordOfStep, subTasks } from './flow-hub.ts'

/** A wait that failed and is made again, when its parent was begun anew by hand: in pieces, by runs that break off. */

const wait: OpenWait = { kind: 'wait', id: 'all', of: [{ step: 'mill' }], onFailure: 'fail' }

/** A parent in its second era, one of whose two sub tasks succeeded and the other failed in the first. */
async function retried() {
  const hub = await createFlowHub()
  const id = await hub.submit()
  const first = await hub.one()
  await hub.step(first, { kind: 'create', id: 'mill', count: 2, from: 0, tasks: subTasks(2) } as never)
  await hub.suspend(first, wait)
  await hub.follow()
  const [good, bad] = (await hub.receive()) as readonly [Grant, Grant]
  await hub.succeed(good, 'flour')
  await hub.fail(bad)
  await hub.follow()
  await hub.fail(await hub.one(), false, true)
  await hub.follow()
  await hub.retry(id)
  return { hub, run: await hub.one(), goodId: good.task.id, badId: bad.task.id }
}

/** Until the end of `work`, writes of that task's head fail, as if who makes them had died before. */
async function withoutWritesOf(hub: FlowHub, taskId: string, work: () => Promise<unknown>): Promise<void> {
  const store = hub.world.store as { -readonly [K in keyof Store]: Store[K] }
  const { commit } = store
  store.commit = (ask) =>
    ask.write.kind === 'put' && ask.write.item.pk === headKey(taskId).pk
      ? Promise.reject(new Error('it broke off'))
      : commit.call(store, ask)
  await work().finally(() => {
    store.commit = commit
  })
}

describe('a wait that is made again', () => {
  it('goes on where a run broke off in the middle of it', async () => {
    const { hub, run, goodId, badId } = await retried()
    await withoutWritesOf(hub, goodId, () => expect(hub.suspend(run, wait)).rejects.toThrow('it broke off'))
    expect(await hub.suspend(run, wait)).toMatchObject({ outcome: 'suspended' })
    await hub.follow()
    const repeated = await hub.one()
    expect(repeated.task.id).toBe(badId)
    await hub.succeed(repeated, 'bran')
    await hub.follow()
    expect(recordOfStep(await hub.one(), 'all')).toMatchObject({ state: 'done', output: { failedCount: 0 } })
  })

  it('counts a sub task that succeeds between the look at it and the write', async () => {
    const { hub, run, badId } = await retried()
    // Begun anew by a person meanwhile, and about to succeed.
    await hub.retry(badId)
    const repeated = await hub.one()
    const store = hub.world.store as { -readonly [K in keyof Store]: Store[K] }
    const { get } = store
    store.get = async (key) => {
      const item = await get.call(store, key)
      if (key.pk !== headKey(badId).pk) return item
      store.get = get
      await hub.succeed(repeated, 'bran')
      return item
    }
    const answer = await hub.suspend(run, wait)
    expect(answer).toMatchObject({ outcome: 'resolved', records: [{ id: 'all', state: 'done' }] })
  })
})

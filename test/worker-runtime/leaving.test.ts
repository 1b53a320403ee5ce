import { describe, expect, it, vi } from 'vitest'
import { defineCommand, defineWorker } from '#worker-runtime/index'
import type { WorkerSpec } from '#worker-runtime/worker'
import { startFakeHub } from '../support/fake-hub.ts'
import { startInstance } from '../support/instance.ts'

const waitFor = (isSo: () => boolean) => vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 60_000, interval: 20 })

const createWorld = (spec: Partial<WorkerSpec> = {}) => {
  const letGo = new Set<() => void>()
  let started = 0
  const worker = defineWorker({
    name: 'w',
    concurrency: 2,
    ...spec,
    commands: [
      defineCommand({ name: 'noop' }, () => 'noop'),
      defineCommand({ name: 'hold' }, (ctx) => {
        started++
        return new Promise<string>((resolve, reject) => {
          letGo.add(() => resolve('held'))
          ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))
        })
      }),
    ],
  })
  return { worker, started: () => started, letGo: () => [...letGo].map((resolve) => resolve()) }
}

const phases = (hub: Awaited<ReturnType<typeof startFakeHub>>) => hub.opsOf('leave').map(({ body }) => body.phase)

describe.concurrent('an instance that leaves', { timeout: 120_000 }, () => {
  it('says so when idle, asks once more, and goes', async () => {
    await using hub = await startFakeHub({ idleSeconds: 1 })
    await using instance = startInstance(hub, createWorld().worker)
    await hub.endOf(hub.add({ command: 'noop' }))
    expect(await instance.exit).toMatchObject({ why: 'idle', code: 0 })
    expect(phases(hub)).toEqual(['leaving', 'gone'])
    const ops = hub.calls.map(({ op }) => op)
    expect(ops.slice(ops.indexOf('leave'))).toEqual(['leave', 'receive', 'leave'])
  })

  it('comes back to life when the last receive brings work', async () => {
    await using hub = await startFakeHub({ idleSeconds: 1 })
    await using instance = startInstance(hub, createWorld().worker)
    await hub.until(
      () => hub.calls.some(({ op }, index) => op === 'receive' && hub.calls[index - 1]?.op === 'leave'),
      'it asks',
    )
    const id = hub.add({ command: 'noop' })
    expect(await hub.endOf(id)).toMatchObject({ kind: 'succeed' })
    await instance.exit
    expect(phases(hub)).toEqual(['leaving', 'leaving', 'gone'])
  })

  it('stays where the hub refuses to let it go, and asks again later', async () => {
    await using hub = await startFakeHub({
      idleSeconds: 1,
      problem: ({ op }) => (op === 'leave' ? { code: 'conflict', detail: 'the least is 1', status: 409 } : undefined),
    })
    await using _instance = startInstance(hub, createWorld().worker)
    await hub.until(() => hub.opsOf('leave').length >= 2, 'it asks twice')
    expect(await hub.endOf(hub.add({ command: 'noop' }))).toMatchObject({ kind: 'succeed' })
  })

  it('stays while its option says never, whatever the hub says', async () => {
    await using hub = await startFakeHub({ idleSeconds: 0 })
    await using _instance = startInstance(hub, createWorld().worker, { idleSeconds: Number.POSITIVE_INFINITY })
    await hub.endOf(hub.add({ command: 'noop' }))
    await hub.endOf(hub.add({ command: 'noop' }))
    expect(phases(hub)).toEqual([])
  })

  it('drains when the hub asks: what runs is finished, nothing new is taken', async () => {
    await using hub = await startFakeHub()
    const { worker, started, letGo } = createWorld()
    await using instance = startInstance(hub, worker)
    const id = hub.add({ command: 'hold' })
    await waitFor(() => started() === 1)
    hub.push({ push: 'drain' })
    await hub.until(() => phases(hub).includes('leaving'), 'it says so')
    const late = hub.add({ command: 'noop' })
    letGo()
    expect(await hub.endOf(id)).toMatchObject({ kind: 'succeed' })
    expect(await instance.exit).toMatchObject({ why: 'drained', code: 0 })
    expect(hub.ends.has(late)).toBe(false)
  })

  it('says that it is gone when the hub has heard that it leaves, and not beside that', async () => {
    const slowMs = 400
    await using hub = await startFakeHub({
      delayMs: ({ op, body }) => (body.phase === 'leaving' && op === 'leave' ? slowMs : 0),
    })
    await using instance = startInstance(hub, createWorld().worker)
    await hub.endOf(hub.add({ command: 'noop' }))
    instance.stop()
    expect(await instance.exit).toMatchObject({ why: 'shutdown' })
    const [leaving, gone] = hub.opsOf('leave')
    expect((gone?.atMs ?? 0) - (leaving?.atMs ?? 0)).toBeGreaterThanOrEqual(slowMs - 5)
  })

  it.each([
    ['tasks', { maxTasks: 3 }, '3 tasks'],
    ['seconds', { maxSeconds: 1 }, '1 s'],
    ['memory', { maxMemoryMb: 1 }, 'MB of memory'],
  ])('makes room for a fresh one after so many %s', async (_what, recycle, message) => {
    await using hub = await startFakeHub()
    await using instance = startInstance(hub, createWorld({ recycle }).worker)
    for (let count = 0; count < 3; count++) hub.add({ command: 'noop' })
    expect(await instance.exit).toMatchObject({ why: 'recycled', code: 0, message: expect.stringContaining(message) })
    expect(phases(hub)).toEqual(['leaving', 'gone'])
  })

  it('hands back what does not fit into its grace, as interrupted', async () => {
    await using hub = await startFakeHub()
    const { worker, started } = createWorld()
    await using instance = startInstance(hub, worker, { graceSeconds: 0.3 })
    const id = hub.add({ command: 'hold' })
    await waitFor(() => started() === 1)
    instance.stop()
    expect(await instance.exit).toMatchObject({ why: 'shutdown', code: 0 })
    expect(hub.released).toMatchObject([{ taskId: id, reason: 'shutdown' }])
    expect(hub.ends.has(id)).toBe(false)
    expect(phases(hub)).toEqual(['leaving', 'gone'])
  })
})

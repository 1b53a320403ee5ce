import { describe, expect, it, vi } from 'vitest'
import { defineCommand, defineWorker, TaskAborted } from '#worker-runtime/index'
import { startFakeHub } from '../support/fake-hub.ts'
import { startInstance } from '../support/instance.ts'

const waitFor = (isSo: () => boolean) => vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 60_000, interval: 20 })

/** `hold` runs until it is let go or aborted. */
const createWorld = () => {
  const aborts: string[] = []
  const letGo = new Set<() => void>()
  let started = 0
  const worker = defineWorker({
    name: 'w',
    concurrency: 3,
    commands: [
      defineCommand({ name: 'noop' }, () => 'noop'),
      defineCommand({ name: 'hold' }, (ctx) => {
        started++
        return new Promise<string>((resolve, reject) => {
          letGo.add(() => resolve('held'))
          ctx.signal.addEventListener('abort', () => {
            aborts.push(ctx.signal.reason instanceof TaskAborted ? ctx.signal.reason.reason : 'untyped')
            reject(ctx.signal.reason)
          })
        })
      }),
    ],
  })
  return { worker, aborts, started: () => started, letGo: () => [...letGo].map((resolve) => resolve()) }
}

// Leases of three seconds pass in real time; all cases run beside each other.
describe.concurrent('an instance whose stream breaks', { timeout: 120_000 }, () => {
  it('registers again with what it holds, and the run goes on', async () => {
    await using hub = await startFakeHub()
    const { worker, started, letGo, aborts } = createWorld()
    await using _instance = startInstance(hub, worker)
    const id = hub.add({ command: 'hold' })
    await waitFor(() => started() === 1)
    hub.drop()
    await hub.until(() => hub.opsOf('register').length === 2, 'a second register')
    expect(hub.opsOf('register')[1]?.body.runs).toEqual([{ taskId: id, run: hub.runOf(id) }])
    expect(hub.opsOf('register')[1]?.body.instance).toBe(hub.opsOf('register')[0]?.body.instance)
    letGo()
    expect(await hub.endOf(id)).toMatchObject({ result: { output: 'held' } })
    expect(aborts).toEqual([])
  })

  it('repeats a call whose answer was lost with its nonce, and ends the task once', async () => {
    const lost = new Set<string>()
    // The first answer to each kind of call never arrives.
    await using hub = await startFakeHub({
      loses: ({ op }) => {
        if (lost.has(op)) return false
        lost.add(op)
        return true
      },
    })
    await using _instance = startInstance(hub, createWorld().worker)
    const ids = [1, 2, 3, 4, 5].map(() => hub.add({ command: 'noop' }))
    for (const id of ids) await hub.endOf(id)
    await hub.until(() => lost.has('complete') && hub.opsOf('complete').length >= 2, 'the repeat')
    const nonces = hub.opsOf('complete').map(({ body }) => body.nonce)
    expect(nonces[1]).toBe(nonces[0])
    const received = hub.opsOf('receive').map(({ body }) => body.nonce)
    expect(new Set(received).size).toBeLessThan(received.length)
    for (const id of ids) expect(hub.ends.get(id)).toHaveLength(1)
  })

  it('tries again what the hub could not do for the moment', async () => {
    let refusals = 0
    await using hub = await startFakeHub({
      problem: ({ op }) => {
        if (op !== 'complete' || refusals++ >= 2) return undefined
        return { code: 'unavailable', title: 'The hub cannot take this now', status: 503 }
      },
    })
    await using _instance = startInstance(hub, createWorld().worker)
    expect(await hub.endOf(hub.add({ command: 'noop' }))).toMatchObject({ kind: 'succeed' })
    expect(refusals).toBe(3)
  })

  it('sends ends one by one where the hub refuses them together, and fails the one that it cannot take', async () => {
    await using hub = await startFakeHub({
      problem: ({ op, body }) => {
        const isBad = op === 'complete' && body.ends?.some((end) => end.kind === 'succeed' && end.taskId.endsWith('2'))
        return isBad === true ? { code: 'invalid', detail: 'no such output', status: 422 } : undefined
      },
    })
    await using _instance = startInstance(hub, createWorld().worker)
    const ids = [1, 2, 3].map(() => hub.add({ command: 'noop' }))
    expect(await hub.endOf(ids[0] ?? '')).toMatchObject({ kind: 'succeed' })
    expect(await hub.endOf(ids[2] ?? '')).toMatchObject({ kind: 'succeed' })
    expect(await hub.endOf(ids[1] ?? '')).toMatchObject({
      kind: 'fail',
      error: { code: 'end-refused', retryable: false },
    })
  })

  it('gives a run up when the hub stays away for its lease, and writes nothing but a hand-back', async () => {
    await using hub = await startFakeHub({ leaseSeconds: 3 })
    const { worker, started, aborts } = createWorld()
    await using _instance = startInstance(hub, worker)
    const id = hub.add({ command: 'hold' })
    await waitFor(() => started() === 1)
    const awayAtMs = performance.now()
    await hub.away(true)
    await waitFor(() => aborts.length === 1)
    expect(aborts).toEqual(['lease-lost'])
    // The owner gives up 2.25 s after its last good renewal was sent; the hub would take over after 4.5 s.
    expect(performance.now() - awayAtMs).toBeLessThan(4_500)
    await hub.away(false)
    await hub.until(() => hub.released.length > 0, 'the hand-back')
    expect(hub.released).toMatchObject([{ taskId: id, reason: 'lease lost' }])
    expect(hub.ends.has(id)).toBe(false)
    // And it goes on with new work.
    await hub.endOf(hub.add({ command: 'noop' }))
  })

  it('notices a stream that is open but dead by a renewal without answer, and keeps the run', async () => {
    let deaf = true
    await using hub = await startFakeHub({
      leaseSeconds: 6,
      delayMs: ({ op }) => {
        if (op !== 'renew' || !deaf) return 0
        deaf = false
        return 60_000
      },
    })
    const { worker, letGo, started, aborts } = createWorld()
    await using _instance = startInstance(hub, worker)
    const id = hub.add({ command: 'hold' })
    await waitFor(() => started() === 1)
    await hub.until(() => hub.opsOf('renew').length >= 2, 'the repeated renewal')
    expect(hub.opsOf('register')).toHaveLength(2)
    letGo()
    expect(await hub.endOf(id)).toMatchObject({ kind: 'succeed' })
    expect(aborts).toEqual([])
  })

  it('ends with code 3 when the hub that launched it does not come back', async () => {
    await using hub = await startFakeHub()
    const { worker } = createWorld()
    await using instance = startInstance(hub, worker, { hubAwaySeconds: 1, env: { TASKURAI_LAUNCH: 'l-0' } })
    await hub.endOf(hub.add({ command: 'noop' }))
    expect(hub.opsOf('register')[0]?.body).toMatchObject({ launch: 'l-0' })
    expect(hub.opsOf('register')[0]?.body).not.toHaveProperty('manifest')
    await hub.away(true)
    expect(await instance.exit).toMatchObject({ why: 'hub-away', code: 3 })
  })

  it('takes nothing while its clock is off, and says so', async () => {
    await using hub = await startFakeHub({ clockOffMs: () => 8_000 })
    await using instance = startInstance(hub, createWorld().worker)
    hub.add({ command: 'noop' })
    await hub.until(() => hub.opsOf('register').length === 1, 'it registers')
    // Where it did not mind, it would have asked for work by the time that it is told to go.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(hub.opsOf('receive')).toEqual([])
    instance.stop()
    await instance.exit
    expect(hub.ends.size).toBe(0)
  })

  it('ends at once when its keys are refused, and says what the hub said', async () => {
    await using hub = await startFakeHub({ refuseStatus: () => 403 })
    await using instance = startInstance(hub, createWorld().worker)
    expect(await instance.exit).toMatchObject({ why: 'refused', code: 4, message: expect.stringContaining('403') })
  })
})

import { describe, expect, it, vi } from 'vitest'
import { startFakeHub } from '../support/fake-hub.ts'
import { type InstanceProcess, startInstanceProcess } from '../support/instance.ts'

const handlersStarted = (instance: InstanceProcess, count: number) =>
  vi.waitFor(() => expect(instance.output().split('handler.started').length - 1).toBe(count), {
    timeout: 60_000,
    interval: 20,
  })

// Each case is a process of its own, since what it does to itself would hit the test runner; leases pass in real time.
describe.concurrent('an instance with a handler that misbehaves', { timeout: 120_000 }, () => {
  it('keeps the task while it blocks the event loop for twice its lease', async () => {
    await using hub = await startFakeHub({ leaseSeconds: 3 })
    await using _instance = startInstanceProcess(hub)
    const id = hub.add({ command: 'block', arguments: { ms: 6_500 } })
    expect(await hub.endOf(id)).toMatchObject({ kind: 'succeed', result: { output: 'blocked' } })
    const renewals = hub.opsOf('renew').filter(({ body }) => body.runs?.some(({ taskId }) => taskId === id))
    expect(renewals.length).toBeGreaterThanOrEqual(5)
    expect(renewals[0]?.body.runs?.[0]).toHaveProperty('ticket')
    expect(renewals[1]?.body.runs?.[0]).not.toHaveProperty('ticket')
    expect(hub.released).toEqual([])
  })

  it('hands back what it cannot start while it is blocked', async () => {
    await using hub = await startFakeHub()
    await using _instance = startInstanceProcess(hub)
    await hub.endOf(hub.add({ command: 'echo', arguments: { n: 1 } }))
    const blocking = hub.add({ command: 'block', arguments: { ms: 5_000 } })
    await hub.until(() => hub.runOf(blocking) !== undefined, 'granted')
    const waiting = hub.add({ command: 'echo', arguments: { n: 2 } })
    await hub.until(() => hub.released.length > 0, 'the hand-back')
    expect(hub.released).toMatchObject([{ taskId: waiting }])
    expect(await hub.endOf(blocking)).toMatchObject({ kind: 'succeed' })
    expect(hub.ends.has(waiting)).toBe(false)
  })

  it('fails a run that never returns at its limit, makes room, and ends', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub)
    const id = hub.add({ command: 'never', timeoutSeconds: 1 })
    expect(await hub.endOf(id)).toMatchObject({ kind: 'fail', timedOut: true, error: { code: 'timeout' } })
    expect(await instance.exited).toEqual({ code: 0, signal: null })
    expect(instance.output()).toContain('run.stuck')
  })

  it('fails a busy loop at its limit and kills its own process', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub)
    const id = hub.add({ command: 'block', arguments: { ms: 3_600_000 }, timeoutSeconds: 1 })
    expect(await hub.endOf(id)).toMatchObject({ kind: 'fail', timedOut: true, error: { code: 'timeout' } })
    expect(await instance.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(instance.output()).toMatch(/a handler of worker w has blocked the event loop for \d+ s; ending pid/)
    expect(hub.opsOf('leave').map(({ body }) => body.phase)).toEqual(['leaving', 'gone'])
  })

  it('ends itself when it was launched, runs nothing and does not turn any more', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub, { TASKURAI_LAUNCH: 'l-0', TEST_SILENT_SECONDS: '2' })
    await hub.endOf(hub.add({ command: 'block-afterwards', arguments: { ms: 3_600_000 } }))
    expect(await instance.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(instance.output()).toMatch(/worker w runs no task, and its event loop has not turned for 2 s; ending pid/)
  })

  it('is left alone while a task runs, or where nobody launched it', async () => {
    await using hub = await startFakeHub()
    await using launched = startInstanceProcess(hub, { TASKURAI_LAUNCH: 'l-0', TEST_SILENT_SECONDS: '4' })
    expect(await hub.endOf(hub.add({ command: 'block', arguments: { ms: 7_000 } }))).toMatchObject({ kind: 'succeed' })
    expect(launched.child.exitCode).toBeNull()
    await using other = await startFakeHub()
    await using byHand = startInstanceProcess(other, { TEST_SILENT_SECONDS: '1' })
    await other.endOf(other.add({ command: 'block-afterwards', arguments: { ms: 3_000 } }))
    const next = other.add({ command: 'echo', arguments: { n: 1 } })
    expect(await other.endOf(next)).toMatchObject({ kind: 'succeed' })
    expect(byHand.child.exitCode).toBeNull()
  })

  it('logs a rejection that comes after the end of its run, and goes on', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub)
    expect(await hub.endOf(hub.add({ command: 'late-rejection' }))).toMatchObject({ kind: 'succeed' })
    await vi.waitFor(
      () => expect(instance.output()).toMatch(/rejection\.unhandled command=late-rejection@1.*too late/),
      { timeout: 60_000, interval: 20 },
    )
    expect(await hub.endOf(hub.add({ command: 'echo', arguments: { n: 2 } }))).toMatchObject({ kind: 'succeed' })
    expect(instance.child.exitCode).toBeNull()
  })

  it('finishes what runs after an exception that nobody caught, and exits with 1', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub)
    const other = hub.add({ command: 'stubborn', arguments: { ms: 700 } })
    await handlersStarted(instance, 1)
    hub.add({ command: 'late-exception' })
    expect(await hub.endOf(other)).toMatchObject({ kind: 'succeed' })
    expect(await instance.exited).toEqual({ code: 1, signal: null })
    expect(instance.output()).toMatch(/exception\.uncaught command=late-exception@1.*thrown by nobody/)
  })

  it('that exits the process is told to the log; the hub sees the stream close', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub)
    const id = hub.add({ command: 'exit' })
    expect(await instance.exited).toEqual({ code: 7, signal: null })
    expect(instance.output()).toContain('running=exit@1')
    expect(hub.ends.has(id)).toBe(false)
  })

  it('bounds a flood of progress, and fails the runs whose output is not JSON', async () => {
    await using hub = await startFakeHub()
    await using _instance = startInstanceProcess(hub)
    expect(await hub.endOf(hub.add({ command: 'flood' }))).toMatchObject({ kind: 'succeed' })
    const reports = hub.opsOf('renew').flatMap(({ body }) => body.runs?.map(({ progress }) => progress) ?? [])
    expect(reports.length).toBeLessThanOrEqual(3)
    expect(reports.at(-1)).toEqual({ percent: 100 })
    const bad = [
      ['function', 'not-json', '/call is a function'],
      ['cycle', 'not-json', '/self refers back'],
      ['large', 'output-too-large', 'apartBytes'],
    ] as const
    for (const [kind, code, message] of bad) {
      const end = await hub.endOf(hub.add({ command: 'bad-output', arguments: { kind } }))
      expect(end).toMatchObject({
        kind: 'fail',
        error: { code, retryable: false, message: expect.stringContaining(message) },
      })
    }
  })

  it('drains at SIGTERM: finishes what fits in the grace, hands the rest back, exits with 0', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub, { TASKURAI_GRACE_SECONDS: '2' })
    const short = hub.add({ command: 'wait', arguments: { ms: 1_200 } })
    const long = hub.add({ command: 'wait', arguments: { ms: 60_000 } })
    await handlersStarted(instance, 2)
    instance.child.kill('SIGTERM')
    expect(await hub.endOf(short)).toMatchObject({ kind: 'succeed' })
    expect(await instance.exited).toEqual({ code: 0, signal: null })
    expect(hub.released).toMatchObject([{ taskId: long, reason: 'shutdown' }])
    expect(hub.opsOf('leave').map(({ body }) => body.phase)).toEqual(['leaving', 'gone'])
  })

  it('hands everything back at once at a second signal', async () => {
    await using hub = await startFakeHub()
    await using instance = startInstanceProcess(hub, { TASKURAI_GRACE_SECONDS: '60' })
    const id = hub.add({ command: 'stubborn', arguments: { ms: 60_000 } })
    await handlersStarted(instance, 1)
    instance.child.kill('SIGTERM')
    await hub.until(() => hub.opsOf('leave').length > 0, 'it leaves')
    instance.child.kill('SIGTERM')
    expect(await instance.exited).toEqual({ code: 0, signal: null })
    expect(hub.released).toMatchObject([{ taskId: id, reason: 'shutdown' }])
  })
})

import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type AbortReason, defineCommand, defineWorker, TaskAborted, TaskFailure } from '#worker-runtime/index'
import { startFakeHub } from '../support/fake-hub.ts'
import { startInstance } from '../support/instance.ts'

const waitFor = (isSo: () => boolean) => vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 60_000, interval: 20 })
const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })

/** A worker of the test's own, and what its handlers saw. */
const createWorld = () => {
  const seen: { reason: AbortReason; task: string }[] = []
  const started = new Set<string>()
  return { seen, started, worker: createWorker(seen, started) }
}

const createWorker = (seen: { reason: AbortReason; task: string }[], started: Set<string>) =>
  defineWorker({
    name: 'w',
    concurrency: 20,
    commands: [
      defineCommand(
        { name: 'add', input: z.object({ a: z.number(), b: z.number().default(10) }), output: z.number() },
        (_ctx, { a, b }) => a + b,
      ),
      defineCommand(
        { name: 'plain', input: { type: 'object', properties: { n: { type: 'integer', default: 3 } } } },
        (_ctx, input) => input,
      ),
      defineCommand({ name: 'fails' }, () => {
        throw new TaskFailure('no', {
          code: 'no-card',
          retryable: false,
          details: [{ message: 'the number is short' }],
        })
      }),
      defineCommand({ name: 'throws' }, async () => {
        await later(1)
        throw Object.assign(new Error('disk is full'), { code: 'ENOSPC' })
      }),
      defineCommand({ name: 'waits' }, async (ctx) => {
        started.add(ctx.task.id)
        try {
          return await aborted(ctx.signal)
        } catch (error) {
          if (error instanceof TaskAborted) seen.push({ reason: error.reason, task: ctx.task.id })
          throw error
        }
      }),
      defineCommand({ name: 'stops-quietly' }, async (ctx) => {
        await aborted(ctx.signal).catch(() => {})
      }),
      defineCommand({ name: 'finishes' }, async (ctx) => {
        await aborted(ctx.signal).catch(() => {})
        return 'finished all the same'
      }),
      defineCommand({ name: 'brief-steps' }, async (ctx) => {
        ctx.progress(1)
        await later(700)
        ctx.progress(99)
      }),
      defineCommand({ name: 'steps' }, async (ctx) => {
        for (let step = 0; step <= 24; step++) {
          ctx.progress(step, `step ${step}`)
          await later(50)
        }
        ctx.progress(400, 'x'.repeat(1_000))
        return ctx.isLastRun
      }),
    ],
  })

// Leases of three seconds pass in real time; all cases run beside each other.
describe.concurrent('a run', { timeout: 120_000 }, () => {
  it('gets checked input with defaults and ends with its output', async () => {
    await using hub = await startFakeHub()
    const { worker } = createWorld()
    await using _instance = startInstance(hub, worker)
    expect(await hub.endOf(hub.add({ command: 'add', arguments: { a: 1 } }))).toMatchObject({
      kind: 'succeed',
      ticket: 't1',
      result: { output: 11 },
    })
    expect(await hub.endOf(hub.add({ command: 'plain', arguments: {} }))).toMatchObject({
      result: { output: { n: 3 } },
    })
    const bad = await hub.endOf(hub.add({ command: 'add', arguments: { a: 'x' } }))
    expect(bad).toMatchObject({ kind: 'fail', error: { code: 'invalid-input', retryable: false } })
    const unknown = await hub.endOf(hub.add({ command: 'other' }))
    expect(unknown).toMatchObject({ kind: 'fail', error: { code: 'not-hosted', retryable: true } })
    expect(hub.headers[0]?.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=TESTKEY\/.*\/local\/execute-api\//)
    expect(hub.opsOf('register')[0]?.body).toMatchObject({ concurrency: 20, manifest: { name: 'w' }, runs: [] })
  })

  it('fails with the words of what was thrown', async () => {
    await using hub = await startFakeHub()
    const { worker } = createWorld()
    await using _instance = startInstance(hub, worker)
    expect(await hub.endOf(hub.add({ command: 'fails' }))).toMatchObject({
      error: { code: 'no-card', message: 'no', retryable: false, details: [{ message: 'the number is short' }] },
    })
    expect(await hub.endOf(hub.add({ command: 'throws' }))).toMatchObject({
      error: { code: 'ENOSPC', message: 'disk is full', retryable: true },
    })
  })

  it('tells its progress once a second at most, and the last one always, before its end', async () => {
    await using hub = await startFakeHub()
    const { worker } = createWorld()
    await using _instance = startInstance(hub, worker)
    const end = await hub.endOf(hub.add({ command: 'steps' }))
    expect(end).toMatchObject({ kind: 'succeed', result: { output: false } })
    const reports = hub.opsOf('renew').flatMap(({ body }) => body.runs?.map(({ progress }) => progress) ?? [])
    expect(reports.length).toBeGreaterThanOrEqual(2)
    expect(reports.length).toBeLessThanOrEqual(4)
    expect(reports.at(-1)).toEqual({ percent: 100, message: `${'x'.repeat(199)}…` })
    expect(hub.calls.findLastIndex(({ op }) => op === 'renew')).toBeLessThan(
      hub.calls.findIndex(({ op }) => op === 'complete'),
    )
  })

  it('tells its last progress even if an earlier one is still under way at its end', async () => {
    let slow = true
    await using hub = await startFakeHub({
      delayMs: ({ op }) => {
        if (op !== 'renew' || !slow) return 0
        slow = false
        return 900
      },
    })
    const { worker } = createWorld()
    await using _instance = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'brief-steps' }))
    const reports = hub.opsOf('renew').flatMap(({ body }) => body.runs?.map(({ progress }) => progress) ?? [])
    expect(reports).toEqual([{ percent: 1 }, { percent: 99 }])
  })

  it('is canceled by a push or by the answer to its renewal', async () => {
    await using hub = await startFakeHub({ leaseSeconds: 3 })
    const { worker, seen, started } = createWorld()
    await using _instance = startInstance(hub, worker)
    const pushed = hub.add({ command: 'waits', leaseSeconds: 60 })
    const renewed = hub.add({ command: 'stops-quietly' })
    const ignores = hub.add({ command: 'finishes' })
    await waitFor(() => started.has(pushed))
    hub.push({ push: 'cancel', taskId: pushed, run: hub.runOf(pushed) })
    hub.answerRenewals(renewed, 'cancel')
    hub.answerRenewals(ignores, 'cancel')
    expect(await hub.endOf(pushed)).toMatchObject({ kind: 'stop' })
    expect(await hub.endOf(renewed)).toMatchObject({ kind: 'stop' })
    // The work was done: a result beats the flag.
    expect(await hub.endOf(ignores)).toMatchObject({ kind: 'succeed', result: { output: 'finished all the same' } })
    expect(seen).toContainEqual({ reason: 'cancel', task: pushed })
  })

  it('canceled by a push that overtakes its grant never starts', async () => {
    await using hub = await startFakeHub()
    const { worker, started } = createWorld()
    await using _instance = startInstance(hub, worker)
    const id = hub.add({ command: 'waits' })
    await hub.until(() => hub.runOf(id) !== undefined, 'granted, not yet answered')
    hub.push({ push: 'cancel', taskId: id, run: hub.runOf(id) })
    expect(await hub.endOf(id)).toMatchObject({ kind: 'stop' })
    expect(started.size).toBe(0)
  })

  it('that is lost is aborted, and nothing is written for it', async () => {
    await using hub = await startFakeHub({ leaseSeconds: 3 })
    const { worker, seen, started } = createWorld()
    await using _instance = startInstance(hub, worker)
    const id = hub.add({ command: 'waits' })
    await waitFor(() => started.has(id))
    hub.answerRenewals(id, 'lost')
    await hub.until(() => hub.opsOf('renew').length > 0, 'a renewal')
    await waitFor(() => seen.length > 0)
    await hub.endOf(hub.add({ command: 'add', arguments: { a: 1 } }))
    expect(seen).toContainEqual({ reason: 'lease-lost', task: id })
    expect(hub.ends.has(id)).toBe(false)
    expect(hub.released).toEqual([])
  })

  it('is asked to stop at its time limit and fails as timed out', async () => {
    await using hub = await startFakeHub()
    const { worker, seen } = createWorld()
    await using _instance = startInstance(hub, worker)
    const id = hub.add({ command: 'waits', timeoutSeconds: 1 })
    expect(await hub.endOf(id)).toMatchObject({
      kind: 'fail',
      timedOut: true,
      error: { code: 'timeout', retryable: true },
    })
    expect(seen).toContainEqual({ reason: 'timeout', task: id })
  })

  it('waits alone where it has to: nothing is received beside it', async () => {
    await using hub = await startFakeHub()
    const { worker, started } = createWorld()
    await using _instance = startInstance(hub, worker)
    const alone = hub.add({ command: 'waits', alone: true })
    await waitFor(() => started.has(alone))
    const others = hub.opsOf('receive').length
    hub.push({ push: 'cancel', taskId: alone, run: hub.runOf(alone) })
    await hub.endOf(alone)
    await hub.until(() => hub.opsOf('receive').length > others, 'receives again')
  })
})

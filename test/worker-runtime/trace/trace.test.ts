import { trace } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { traceParentOf } from '#core/contract/trace-parent'
import { defineCommand, defineWorker, TaskFailure } from '#worker-runtime/index'
import { startFakeHub } from '../../support/fake-hub.ts'
import { startInstance } from '../../support/instance.ts'
import { idOf, parentOf, watchSpans } from '../../support/spans.ts'
import { until } from '../../support/until.ts'

/** Spans of runs and steps, under the one that asked for the task. */

const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
const traceParent = traceParentOf(remote)

const worker = defineWorker({
  name: 'w',
  concurrency: 5,
  commands: [
    defineCommand({ name: 'order' }, async (ctx) => {
      await ctx.step('charge', async () => {
        trace.getTracer('own').startSpan('of the step').end()
        return 1
      })
      await ctx.step('remembered', () => {
        throw new Error('it is remembered, and not done')
      })
      trace.getTracer('own').startSpan('of the run').end()
      return ctx.task.traceParent
    }),
    defineCommand({ name: 'fails' }, () => {
      throw new TaskFailure('no card', { code: 'no-card', retryable: false })
    }),
    defineCommand({ name: 'fails-in-a-step' }, (ctx) =>
      ctx.step(
        'charge',
        () => {
          throw new TaskFailure('no card', { code: 'no-card', retryable: false })
        },
        { retry: { maxRuns: 1 } },
      ),
    ),
    defineCommand({ name: 'twice' }, async (ctx) => {
      let tries = 0
      await ctx.step(
        'flaky',
        () => {
          if (++tries === 1) throw new Error('once')
        },
        { retry: { maxRuns: 2, minSeconds: 0.001, jitter: 'none' } },
      )
    }),
    defineCommand({ name: 'parent' }, (ctx) => ctx.create('parts', { command: 'part' })),
    defineCommand({ name: 'sleeps' }, (ctx) => ctx.sleep('night', 3_600)),
  ],
})

describe('a run', () => {
  it('is a child of what asked for its task, with its steps and its own spans below it', async () => {
    using spans = watchSpans()
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, worker)
    const at = { createdAt: '2026-11-24T00:00:00.000Z', correlationId: 'order-7' }
    const steps = [{ id: 'remembered', kind: 'step', state: 'done', output: 2 } as const]
    const id = hub.add({
      command: 'order',
      steps,
      task: { ...at, ...(traceParent === undefined ? {} : { traceParent }) },
    })
    expect(await hub.endOf(id)).toMatchObject({ kind: 'succeed', result: { output: traceParent } })

    const run = spans.of('run order')
    expect(run.spanContext().traceId).toBe(remote.traceId)
    expect(run.parentSpanContext).toMatchObject({ spanId: remote.spanId, isRemote: true })
    expect(run.attributes).toMatchObject({
      'messaging.system': 'taskurai',
      'messaging.operation.type': 'process',
      'messaging.message.id': id,
      'taskurai.task.id': id,
      'taskurai.command': 'order',
      'taskurai.version': 1,
      'taskurai.worker': 'w',
      'taskurai.run': hub.runOf(id),
      'taskurai.runCount': 1,
      'taskurai.correlationId': 'order-7',
      'taskurai.run.outcome': 'succeed',
    })
    const wait = spans.of('wait order')
    expect(wait.parentSpanContext?.spanId).toBe(remote.spanId)
    expect(wait.startTime[0]).toBe(Date.parse(at.createdAt) / 1_000)
    expect(wait.endTime[0]).toBeLessThanOrEqual(run.endTime[0])
    expect(parentOf(spans.of('step charge'))).toBe(idOf(spans.of('run order')))
    expect(parentOf(spans.of('of the step'))).toBe(idOf(spans.of('step charge')))
    expect(parentOf(spans.of('of the run'))).toBe(idOf(spans.of('run order')))
    expect(spans.has('step remembered')).toBe(false)
  })

  it('without a trace of its own begins one', async () => {
    using spans = watchSpans()
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'fails', task: { traceParent: 'broken' } }))
    expect(spans.of('run fails').parentSpanContext).toBeUndefined()
  })

  it('that fails says why', async () => {
    using spans = watchSpans()
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'fails' }))
    const { status, attributes, events } = spans.of('run fails')
    expect(status).toEqual({ code: 2, message: 'no card' })
    expect(attributes).toMatchObject({ 'error.type': 'no-card', 'taskurai.run.outcome': 'fail' })
    expect(events).toMatchObject([{ name: 'exception', attributes: { 'exception.message': 'no card' } }])
  })

  it('that waits without a slot ends its span there, and is no failure', async () => {
    using spans = watchSpans()
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, worker)
    hub.add({ command: 'sleeps' })
    await until('its span', () => spans.has('run sleeps'))
    expect(spans.of('run sleeps')).toMatchObject({
      status: { code: 0 },
      attributes: { 'taskurai.run.outcome': 'suspended' },
    })
  })
})

describe('a step', () => {
  it('that fails for good says so, and so does its run', async () => {
    using spans = watchSpans()
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'fails-in-a-step' }))
    expect(spans.of('step charge')).toMatchObject({
      status: { code: 2, message: 'no card' },
      events: [{ name: 'exception' }],
    })
    expect(spans.of('run fails-in-a-step').status.code).toBe(2)
  })

  it('that came well on its second try tells of the first one, and is well', async () => {
    using spans = watchSpans()
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'twice' }))
    expect(spans.of('step flaky')).toMatchObject({
      status: { code: 0 },
      events: [{ attributes: { 'exception.message': 'once' } }],
    })
  })
})

describe('a sub task', () => {
  const parts = { id: 'parts', kind: 'create', state: 'done', count: 1 } as const
  const answer = ({ op, body }: { op: string; body: { runs?: readonly { run: string }[] } }) =>
    op === 'step'
      ? {
          runs: body.runs?.map(({ run }) => ({
            run,
            outcome: 'owned',
            records: [parts],
            ids: ['01K9Z0000000000000000000AB'],
          })),
        }
      : undefined
  const traceParentIn = (hub: Awaited<ReturnType<typeof startFakeHub>>) => {
    const report = hub.opsOf('step')[0]?.body.runs?.[0]?.reports?.[0]
    return report?.kind === 'create' ? report.tasks[0]?.traceParent : 'no sub task'
  }

  it('is asked for by the run', async () => {
    using spans = watchSpans()
    await using hub = await startFakeHub({ answer })
    await using _instance = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'parent', task: traceParent === undefined ? {} : { traceParent } }))
    expect(traceParentIn(hub)).toBe(traceParentOf(spans.of('run parent').spanContext()))
  })

  it('of a run that is not sampled is not sampled either', async () => {
    using spans = watchSpans({ ratio: 0 })
    await using hub = await startFakeHub({ answer })
    await using _instance = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'parent' }))
    expect(spans.all()).toEqual([])
    expect(traceParentIn(hub)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  })
})

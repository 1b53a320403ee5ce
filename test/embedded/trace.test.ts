import { SpanKind, trace } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { defineCommand, defineWorker, runWorker } from '#worker-runtime/index'
import { keysOf, makeFolder, startHub } from '../support/hub-process.ts'
import { idOf, parentOf, watchSpans } from '../support/spans.ts'
import { until } from '../support/until.ts'

/** One trace, from a caller's own span through the hub to what its task asks for. */

const worker = defineWorker({
  name: 'traced',
  concurrency: 2,
  commands: [
    defineCommand({ name: 'traced.order' }, async (ctx) => {
      await ctx.step('charge', () => 'paid')
      return ctx.call('parts', { command: 'traced.part' })
    }),
    defineCommand({ name: 'traced.part' }, (ctx) => ctx.task.traceParent),
  ],
})

it('a task, its runs, its steps and its sub tasks are of the trace of who submitted it', {
  timeout: 90_000,
}, async () => {
  using spans = watchSpans()
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: folder.path })
  const stopping = new AbortController()
  const connection = { endpoint: hub.at, credentials: keysOf(folder.path), region: 'local' }
  const options = { ...connection, handleSignals: false, graceSeconds: 0, signal: stopping.signal }
  const exit = runWorker(worker, { ...options, log: () => undefined, env: {} })
  try {
    await until('the worker', async () => (await hub.client.workers()).length === 1, 30_000)
    const { id } = await trace.getTracer('shop').startActiveSpan('checkout', async (span) => {
      const submitted = await hub.client.submit('traced.order')
      span.end()
      return submitted
    })
    expect((await hub.client.wait(id)).status).toBe('succeeded')
    await until('all spans', () => spans.all().filter(({ name }) => name === 'run traced.order').length === 2)

    const traces = new Set(spans.all().map((span) => span.spanContext().traceId))
    expect(traces).toEqual(new Set([spans.of('checkout').spanContext().traceId]))
    const submit = spans.of('submit traced.order')
    expect(submit).toMatchObject({ kind: SpanKind.PRODUCER, attributes: { 'taskurai.task.id': id } })
    expect(parentOf(submit)).toBe(idOf(spans.of('checkout')))
    // It waits for its part without a slot: the second run goes on, and does not repeat the step.
    const runs = spans.all().filter(({ name }) => name === 'run traced.order')
    expect(runs.map(({ kind, attributes }) => [kind, attributes['taskurai.run.outcome']])).toEqual([
      [SpanKind.CONSUMER, 'suspended'],
      [SpanKind.CONSUMER, 'succeed'],
    ])
    for (const run of runs) expect(parentOf(run)).toBe(idOf(submit))
    const [first] = runs.map(idOf)
    expect(parentOf(spans.of('step charge'))).toBe(first)
    expect(parentOf(spans.of('run traced.part'))).toBe(first)
    expect(parentOf(spans.of('wait traced.part'))).toBe(first)
  } finally {
    stopping.abort()
    await exit
  }
})

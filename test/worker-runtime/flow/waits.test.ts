import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { OpenWait, StepRecord } from '#core/contract/steps'
import type { SuspendAnswer } from '#core/contract/worker-protocol'
import { SignalTimeout } from '#worker-runtime/index'
import { isPending, startFlowRun } from '../../support/flow-port.ts'

/** What a run can only wait for. */

const resolvedFirst = ([first]: readonly OpenWait[]): Partial<SuspendAnswer> => ({
  outcome: 'resolved',
  records: [{ id: first?.id ?? '', kind: 'sleep', state: 'done' }],
})

describe('waits', () => {
  it('that stand side by side are told in one suspend', async () => {
    const { ctx, clock, suspends, reports, settled } = startFlowRun()
    const both = Promise.all([
      ctx.sleep('nap', 60),
      ctx.sleep('date', new Date(0)),
      ctx.waitForSignal('ok', 'approved'),
    ])
    await settled()
    expect(suspends).toEqual([
      [
        { kind: 'sleep', id: 'nap', until: clock.now() + 60_000 },
        { kind: 'sleep', id: 'date', until: 0 },
        { kind: 'signal', id: 'ok', name: 'approved' },
      ],
    ])
    expect(reports).toEqual([])
    expect(await isPending(both)).toBe(true)
  })

  it('of an earlier run keep their time, and those that are over answer at once', async () => {
    const steps: StepRecord[] = [
      { id: 'over', kind: 'sleep', state: 'done' },
      { id: 'nap', kind: 'sleep', state: 'open', wait: { kind: 'sleep', id: 'nap', until: 77 } },
    ]
    const { ctx, suspends, settled } = startFlowRun({ steps })
    await ctx.sleep('over', 1e6)
    void ctx.sleep('nap', 1e6)
    await settled()
    expect(suspends).toEqual([[{ kind: 'sleep', id: 'nap', until: 77 }]])
  })

  it('that are over already let the run go on with the others', async () => {
    const { ctx, suspends } = startFlowRun({ suspend: resolvedFirst })
    await Promise.all([ctx.sleep('a', 1), ctx.sleep('b', 2)])
    expect(suspends.map((waits) => waits.map(({ id }) => id))).toEqual([['a', 'b'], ['b']])
  })

  it('are told as they begin while a step runs, and suspend the run when it is done', async () => {
    const { ctx, clock, suspends, reports, settled } = startFlowRun()
    void Promise.all([ctx.sleep('nap', 60), ctx.step('work', () => clock.wait(10_000))])
    await settled()
    expect(reports).toMatchObject([{ kind: 'open', wait: { id: 'nap' } }])
    expect(suspends).toEqual([])
    await clock.advance(10_000)
    expect(suspends).toMatchObject([[{ id: 'nap' }]])
  })

  it('hold back a step that begins while the hub takes the run back', async () => {
    let answer: (told: Partial<SuspendAnswer>) => void = () => {}
    const suspend = () => new Promise<Partial<SuspendAnswer>>((resolve) => (answer = resolve))
    const { ctx, settled } = startFlowRun({ suspend })
    let done = 0
    const nap = ctx.sleep('nap', 60)
    await settled()
    const step = ctx.step('work', () => ++done)
    await settled()
    expect(done).toBe(0)
    answer({ outcome: 'resolved', records: [{ id: 'nap', kind: 'sleep', state: 'done' }] })
    await nap
    expect(await step).toBe(1)
  })

  it('leave the handler behind: nothing of it settles and nothing is sent', async () => {
    const { ctx, suspends, reports, settled } = startFlowRun()
    const nap = ctx.sleep('nap', 60)
    await settled()
    const all = [nap, ctx.step('after', () => 1), ctx.sleep('more', 1), ctx.create('tasks', [{ command: 'a' }])]
    for (const each of all) expect(await isPending(each)).toBe(true)
    expect({ reports, suspends: suspends.length }).toEqual({ reports: [], suspends: 1 })
  })

  it('end with the run when it is asked to stop, and a step that runs still tells what it gave', async () => {
    const { ctx, clock, suspends, reports, abort, settled } = startFlowRun()
    const nap = ctx.sleep('nap', 60).catch((error) => error.reason)
    const work = ctx.step('work', () => clock.wait(1_000))
    const fails = ctx.step('fails', () => clock.wait(1_000).then(() => Promise.reject(new Error('AbortError'))))
    const failed = fails.catch((error) => error.reason)
    await settled()
    abort('cancel')
    expect(await nap).toBe('cancel')
    await clock.advance(1_000)
    await work
    expect(await failed).toBe('cancel')
    await expect(ctx.sleep('more', 1)).rejects.toMatchObject({ reason: 'cancel' })
    expect(suspends).toEqual([])
    expect(reports.map(({ kind }) => kind)).toEqual(['open', 'done'])
  })

  it('are not asked for again and again of a hub that resolves none of them', async () => {
    const { ctx, suspends } = startFlowRun({ suspend: () => ({ outcome: 'resolved', records: [] }) })
    await expect(ctx.sleep('nap', 1)).rejects.toThrow('not which one')
    expect(suspends).toHaveLength(1)
  })
})

describe('a signal', () => {
  const schema = z.object({ by: z.string(), note: z.string().default('') })

  it('gives its data, with the defaults of its schema', async () => {
    const answer = { id: 'ok', kind: 'signal', state: 'done', output: { by: 'ann' } } as const
    const { ctx, clock, suspends } = startFlowRun({ suspend: () => ({ outcome: 'resolved', records: [answer] }) })
    expect(await ctx.waitForSignal('ok', 'approved', { schema, timeoutSeconds: 60 })).toEqual({ by: 'ann', note: '' })
    expect(suspends[0]).toMatchObject([
      { kind: 'signal', name: 'approved', until: clock.now() + 60_000, schema: { type: 'object', required: ['by'] } },
    ])
  })

  it('that does not fit fails the step in every run', async () => {
    const { ctx } = startFlowRun({ steps: [{ id: 'ok', kind: 'signal', state: 'done', output: { by: 3 } }] })
    const wrong = { code: 'invalid-signal', retryable: false }
    await expect(ctx.waitForSignal('ok', 'approved', { schema })).rejects.toMatchObject(wrong)
  })

  it('that did not come in time is a failure of its own', async () => {
    const error = { code: 'signal-timeout', message: 'late', retryable: false }
    const { ctx } = startFlowRun({ steps: [{ id: 'ok', kind: 'signal', state: 'failed', error }] })
    const thrown = await ctx.waitForSignal('ok', 'approved').catch((caught) => caught)
    expect(thrown).toBeInstanceOf(SignalTimeout)
    expect(thrown).toMatchObject(error)
  })
})

import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import type { StepRecord } from '#core/contract/steps'
import { StepFailed, TaskExpired, TaskFailure } from '#worker-runtime/index'
import { isPending, startFlowRun } from '../../support/flow-port.ts'

/** What a run does once, and what its next run is told of it. */

const failing = (message = 'no luck') => {
  throw new Error(message)
}

describe('a step', () => {
  it('is told when it is done, and answers at once in every later run', async () => {
    const first = startFlowRun()
    expect(await first.ctx.step('pay', async () => ({ at: new Date(0), id: 7 }))).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      id: 7,
    })
    expect(first.reports).toMatchObject([{ kind: 'done', id: 'pay', output: { id: 7 }, tries: 1 }])
    const later = startFlowRun({ steps: [{ id: 'pay', kind: 'step', state: 'done', output: { id: 7 } }] })
    expect(await later.ctx.step('pay', () => failing('done twice'))).toEqual({ id: 7 })
    expect(later.reports).toEqual([])
  })

  it('gives what somebody else told first', async () => {
    const { ctx } = startFlowRun({ standing: [{ id: 'pay', kind: 'step', state: 'done', output: 'theirs' }] })
    expect(await ctx.step('pay', () => 'mine')).toBe('theirs')
    const failed = { code: 'declined', message: 'no card', retryable: false }
    const lost = startFlowRun({ standing: [{ id: 'pay', kind: 'step', state: 'failed', error: failed }] })
    await expect(lost.ctx.step('pay', () => 'mine')).rejects.toBeInstanceOf(StepFailed)
  })

  it('that threw is not remembered, unless it says that it failed for good', async () => {
    const { ctx, reports } = startFlowRun()
    await expect(ctx.step('a', () => failing())).rejects.toThrow('no luck')
    await expect(ctx.step('b', () => Promise.reject(new TaskExpired()))).rejects.toBeInstanceOf(TaskExpired)
    expect(reports).toEqual([])
    const refuse = () => Promise.reject(new TaskFailure('no card', { code: 'declined', retryable: false }))
    await expect(ctx.step('c', refuse)).rejects.toMatchObject({
      name: 'StepFailed',
      code: 'declined',
      retryable: false,
    })
    expect(reports).toMatchObject([{ kind: 'failed', id: 'c', error: { code: 'declined' } }])
  })

  it('that could not be told is not done again', async () => {
    const { ctx, reports } = startFlowRun()
    let done = 0
    const work = () => {
      done++
      return () => 'a function is no JSON'
    }
    await expect(ctx.step('a', work, { retry: { maxRuns: 5 } })).rejects.toMatchObject({ code: 'not-json' })
    expect({ done, reports }).toEqual({ done: 1, reports: [] })
  })

  it('is tried again in memory after a short pause, and fails for good after the last try', async () => {
    const { ctx, clock, reports } = startFlowRun()
    let tries = 0
    const pay = ctx.step('pay', () => (++tries < 3 ? failing() : 'paid'), { retry: { maxRuns: 3, jitter: 'none' } })
    await clock.advance(3_000)
    expect(await pay).toBe('paid')
    expect(reports).toMatchObject([{ kind: 'done', tries: 3 }])
    const lost = ctx.step('lost', () => failing(), { retry: { maxRuns: 2, jitter: 'none' } }).catch((error) => error)
    await clock.advance(1_000)
    expect(await lost).toMatchObject({ name: 'StepFailed', message: 'no luck', retryable: false })
    expect(reports[1]).toMatchObject({ kind: 'failed', id: 'lost', tries: 2 })
  })

  it('gives its slot back over a long pause, and goes on with its next try', async () => {
    const retry = { maxRuns: 2, minSeconds: 60, maxSeconds: 60, jitter: 'none' } as const
    const first = startFlowRun()
    const left = first.ctx.step('pay', () => failing(), { retry, input: 'order 7' })
    await first.settled()
    const wait = { kind: 'step', id: 'pay', tries: 1, until: first.clock.now() + 60_000, input: 'order 7' } as const
    expect(first.suspends).toMatchObject([[{ ...wait, error: { message: 'no luck' } }]])
    expect(await isPending(left)).toBe(true)
    const { clock } = first
    await clock.advance(60_000)
    const steps: StepRecord[] = [{ id: 'pay', kind: 'step', state: 'open', wait }]
    const next = startFlowRun({ steps, clock })
    expect(await next.ctx.step('pay', (order: string) => `paid ${order}`, { retry, input: 'other' })).toBe(
      'paid order 7',
    )
    expect(next.reports).toMatchObject([{ kind: 'done', tries: 2 }])
  })

  it('works on an input that was frozen before its first try', async () => {
    let computed = 0
    const { ctx, reports } = startFlowRun()
    expect(await ctx.step('quote', (cents: number) => cents + 1, { input: async () => ++computed })).toBe(2)
    expect(reports).toMatchObject([
      { kind: 'open', wait: { kind: 'step', id: 'quote', input: 1 } },
      { kind: 'done', output: 2 },
    ])
    const large = 'x'.repeat(limits.stepInlineBytes)
    await expect(ctx.step('large', () => 1, { input: large })).rejects.toMatchObject({ code: 'input-too-large' })
  })

  it('keeps a large result apart, and any once all have too many bytes', async () => {
    const large = 'x'.repeat(limits.stepInlineBytes)
    const { ctx, reports, uploads } = startFlowRun({ apart: { '.step.a~b': large } })
    expect(await ctx.step('a/b', () => large)).toBe(large)
    expect(reports).toMatchObject([{ kind: 'done', outputPayload: 'payload1' }])
    expect(uploads).toEqual([JSON.stringify(large)])
    const steps = [{ id: 'all', kind: 'step', state: 'done', output: 'x'.repeat(limits.stepsBytes) } as const]
    const full = startFlowRun({ steps, apart: { '.step.small': 1 } })
    expect(await full.ctx.step('small', () => 1)).toBe(1)
    expect(full.uploads).toEqual(['1'])
  })
})

describe('the ids of steps', () => {
  it('stand for one thing in all runs, and for one call in each', async () => {
    const steps: StepRecord[] = [
      { id: 'nap', kind: 'sleep', state: 'done' },
      { id: 'parts', kind: 'create', state: 'done', count: 2 },
    ]
    const { ctx } = startFlowRun({ steps, born: 'b' })
    const diverged = (message: string) => ({ code: 'diverged', retryable: false, message })
    await expect(ctx.step('nap', () => 1)).rejects.toMatchObject(
      diverged('the step nap is a step now and was a sleep in an earlier run of this task'),
    )
    await expect(ctx.create('parts', [{ command: 'a' }])).rejects.toMatchObject(
      diverged('the step parts has 1 sub tasks now and had 2 in an earlier run of this task'),
    )
    await ctx.step('twice', () => 1)
    await expect(ctx.step('twice', () => 1)).rejects.toMatchObject({ code: 'diverged' })
    await expect(ctx.step('', () => 1)).rejects.toThrow('no step id')
  })

  it('are a thousand at most', async () => {
    const steps = Array.from(
      { length: limits.steps },
      (_, id) => ({ id: `s${id}`, kind: 'step', state: 'done' }) as const,
    )
    const { ctx } = startFlowRun({ steps })
    await ctx.step('s0', () => 1)
    await expect(ctx.step('more', () => 1)).rejects.toMatchObject({ code: 'too-many-steps', retryable: false })
  })
})

describe('a canceled run', () => {
  it('may still undo what it did, and waits for nothing any more', async () => {
    const { ctx, reports, abort } = startFlowRun()
    await ctx.step('charge', () => 'c1')
    abort('cancel')
    await ctx.step('refund', () => 'r1')
    expect(reports.map(({ kind }) => kind)).toEqual(['done', 'done'])
    await expect(ctx.sleep('nap', 5)).rejects.toMatchObject({ name: 'AbortError' })
    await expect(ctx.call('more', { command: 'x' })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('by anything else does nothing more', async () => {
    const { ctx, reports, abort } = startFlowRun()
    abort('shutdown')
    await expect(ctx.step('refund', () => 'r1')).rejects.toMatchObject({ name: 'AbortError' })
    expect(reports).toEqual([])
  })
})

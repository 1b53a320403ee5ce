import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { createSystemIds } from '#adapters/system/ids'
import type { Joined, OpenWait, StepRecord } from '#core/contract/steps'
import { childIdOf } from '#core/flow/child-id'
import { defineCommand, type FlowContext, SubTaskFailed } from '#worker-runtime/index'
import { startFlowRun, taskId } from '../../support/flow-port.ts'

/** Tasks that a run makes, and what it gets of them. */

const grind = defineCommand({ name: 'mill.grind', input: z.object({ stone: z.int() }), output: z.string() })
const stones = (count: number) =>
  Array.from({ length: count }, (_, stone) => ({ command: grind, arguments: { stone } }))

/** A run whose wait `id` is over by now. */
const ended = (
  joined: Partial<Joined>,
  more: Parameters<typeof startFlowRun>[0] = {},
  kind: 'call' | 'wait' = 'call',
) => {
  const output = { count: 2, failed: [], failedCount: 0, ...joined }
  const steps = [{ id: 'mill', kind, state: 'done', output: output as never } as const, ...(more.steps ?? [])]
  return startFlowRun({ ...more, steps })
}

describe('a call', () => {
  it('makes its sub tasks and waits for them in one suspend', async () => {
    const { ctx, reports, suspends, settled } = startFlowRun()
    void ctx.call('mill', [...stones(1), { command: 'mill.bake', onParentEnd: 'detach' }], { onFailure: 'continue' })
    await settled()
    const tasks = [
      { command: 'mill.grind', version: 1, arguments: { stone: 0 } },
      { command: 'mill.bake', onParentEnd: 'detach' },
    ]
    expect(reports).toEqual([{ kind: 'call', id: 'mill', count: 2, from: 0, tasks, onFailure: 'continue' }])
    expect(suspends).toEqual([[{ kind: 'wait', id: 'mill', of: [{ step: 'mill' }], onFailure: 'continue' }]])
  })

  it('of many is told in parts, of a few hundred or a megabyte each', async () => {
    const { ctx, reports, settled } = startFlowRun()
    void ctx.call('mill', stones(1_001))
    await settled()
    const large = startFlowRun()
    void large.ctx.call(
      'large',
      Array.from({ length: 3 }, () => ({ command: 'a', arguments: 'x'.repeat(600_000) })),
    )
    await large.settled()
    const parts = [...reports, ...large.reports].map(
      (report) => 'tasks' in report && [report.id, report.from, report.tasks.length],
    )
    expect(parts.slice(0, 3)).toEqual([
      ['mill', 0, 500],
      ['mill', 500, 500],
      ['mill', 1_000, 1],
    ])
    expect(parts.slice(3)).toEqual([0, 1, 2].map((from) => ['large', from, 1]))
  })

  it('of an earlier run makes nothing, and waits on or gives what came of it', async () => {
    const wait: OpenWait = { kind: 'wait', id: 'mill', of: [{ step: 'mill' }], onFailure: 'fail' }
    const open = startFlowRun({ steps: [{ id: 'mill', kind: 'call', state: 'open', wait }] })
    void open.ctx.call('mill', stones(2))
    await open.settled()
    expect({ reports: open.reports, suspends: open.suspends }).toEqual({ reports: [], suspends: [[wait]] })
    expect(await ended({ outputs: ['a', null] }).ctx.call('mill', stones(2))).toEqual(['a', null])
    expect(
      await ended({ count: 1, outputs: ['a'] }).ctx.call('mill', { command: grind, arguments: { stone: 1 } }),
    ).toBe('a')
  })

  it('that failed says which, for good', async () => {
    const error = { code: 'sub-task-failed', message: '1 of 2', details: [{ message: 'it' }], retryable: false }
    const { ctx } = startFlowRun({ steps: [{ id: 'mill', kind: 'call', state: 'failed', error }] })
    const thrown = await ctx.call('mill', stones(2)).catch((caught) => caught)
    expect(thrown).toBeInstanceOf(SubTaskFailed)
    expect(thrown).toMatchObject(error)
  })

  it('gives an outcome for each, or the first, where it was asked to', async () => {
    const error = { code: 'broken', message: 'it broke', retryable: false }
    const failed = [{ index: 1, taskId: 'b', status: 'failed', error }]
    const both = ended({ failed, failedCount: 1, outputs: ['a', null] })
    expect(await both.ctx.call('mill', stones(2), { onFailure: 'continue' })).toEqual([
      { ok: true, output: 'a' },
      { ok: false, taskId: 'b', status: 'failed', error },
    ])
    const first = ended({ first: 1, outputs: ['b'] })
    expect(await first.ctx.call('mill', stones(2), { onFailure: 'first-success' })).toEqual({ index: 1, output: 'b' })
  })

  it('is not read by another policy than it was waited for with', async () => {
    const failed = [{ index: 1, taskId: 'b', status: 'failed' }]
    const continued = ended({ failed, failedCount: 1, outputs: ['a', null] })
    await expect(continued.ctx.call('mill', stones(2))).rejects.toMatchObject({ code: 'diverged' })
    const first = ended({ first: 0, outputs: ['a'] })
    await expect(first.ctx.call('mill', stones(2), { onFailure: 'continue' })).rejects.toMatchObject({
      message: expect.stringContaining('waits with continue now, and did with first-success'),
    })
    const all = ended({ outputs: ['a', 'b'] })
    expect(await all.ctx.call('mill', stones(2), { onFailure: 'continue' })).toHaveLength(2)
  })

  it('fetches outputs that are too many for its record page by page, and those that lie apart', async () => {
    const child = (index: number) => ({ taskId: `c${index}`, status: 'succeeded', output: index })
    const pages = [
      { outputs: [child(0), { taskId: 'large', status: 'succeeded', outputApart: true as const }], next: 2 },
    ]
    const outputs = (from: number) => pages[from] ?? { outputs: [{ taskId: 'c2', status: 'canceled' }] }
    const { ctx } = ended({ count: 3 }, { outputs, apart: { '.output': 'large' } })
    expect(await ctx.call('mill', stones(3), { onFailure: 'continue' })).toEqual([
      { ok: true, output: 0 },
      { ok: true, output: 'large' },
      { ok: false, taskId: 'c2', status: 'canceled' },
    ])
  })

  it('of none is over at once, and there is no first of none', async () => {
    const { ctx, reports } = startFlowRun()
    expect([await ctx.call('mill', []), await ctx.create('more', []), await ctx.wait('all', [])]).toEqual([[], [], []])
    await expect(ctx.call('race', [], { onFailure: 'first-success' })).rejects.toBeInstanceOf(SubTaskFailed)
    expect(reports).toEqual([])
  })
})

describe('sub tasks that were created', () => {
  it('have the same ids in every run, and are waited for by their places', async () => {
    const attempts = { 1: 2 }
    const steps: StepRecord[] = [{ id: 'parts', kind: 'create', state: 'done', count: 2, attempts }]
    const { ctx, reports, suspends, settled } = startFlowRun({ steps, born: 'b' })
    const id = (index: number, attempt: number) =>
      childIdOf(createSystemIds(), { parentId: taskId, born: 'b', step: 'parts', index, attempt })
    const ids = await ctx.create('parts', stones(2))
    expect(ids).toEqual([id(0, 0), id(1, 2)])
    expect(reports).toEqual([])
    const more = await ctx.create('more', stones(3))
    void ctx.wait('all', ids)
    void ctx.wait('some', [more[2] ?? '', ...ids])
    await settled()
    const asked = suspends[0]?.map((wait) => wait.kind === 'wait' && wait.of)
    expect(asked).toEqual([[{ step: 'parts' }], [{ step: 'more', indexes: [2] }, { step: 'parts' }]])
  })

  it('are known by their ids in a run that did not come by where they were made', async () => {
    const steps: StepRecord[] = [{ id: 'parts', kind: 'create', state: 'done', count: 2 }]
    const [, second = ''] = await startFlowRun({ steps, born: 'b' }).ctx.create('parts', stones(2))
    const { ctx, suspends, settled } = startFlowRun({ steps, born: 'b' })
    void ctx.wait('one', [second])
    await settled()
    expect(suspends[0]).toMatchObject([{ of: [{ step: 'parts', indexes: [1] }] }])
    const other = startFlowRun({ steps, born: 'b' }).ctx.wait('other', [taskId])
    await expect(other).rejects.toMatchObject({ code: 'not-a-sub-task', retryable: false })
  })
})

it('types arguments and outputs by the contract', () => {
  const typed = async (ctx: FlowContext) => {
    expectTypeOf(await ctx.call('a', stones(2))).toEqualTypeOf<string[]>()
    expectTypeOf(await ctx.call('b', { command: grind, arguments: { stone: 1 } })).toEqualTypeOf<string>()
    // @ts-expect-error the contract wants a number
    await ctx.call('c', { command: grind, arguments: { stone: 'round' } })
    // @ts-expect-error in a list too
    await ctx.create('d', [{ command: grind, arguments: {} }])
    expectTypeOf((await ctx.call('e', [{ command: grind, arguments: { stone: 1 } }, { command: 'f' }]))[0]).toBeString()
    expectTypeOf(await ctx.step('g', async () => 1)).toBeNumber()
    const { by } = await ctx.waitForSignal('h', 'ok', { schema: z.object({ by: z.string() }) })
    expectTypeOf(by).toBeString()
  }
  expect(typed).toBeTypeOf('function')
})

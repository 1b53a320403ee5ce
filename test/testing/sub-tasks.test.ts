import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { type StandIns, type SubTaskCall, testCommand } from '#testing/index'
import { defineCommand, SubTaskFailed, TaskFailure } from '#worker-runtime/index'

const Part = z.object({ from: z.number() })
const encodePart = defineCommand({ name: 'part.encode', input: Part, output: z.object({ bytes: z.number() }) })
const retry = { maxRuns: 3, minSeconds: 10, maxSeconds: 60, factor: 2, jitter: 'none' } as const
const onFailures = ['fail', 'continue', 'first-success'] as const

const encode = defineCommand({ name: 'encode', input: z.object({ parts: z.number() }) }, async (ctx, { parts }) => {
  const tasks = Array.from({ length: parts }, (_, from) => ({ command: encodePart, arguments: { from } }))
  const encoded = await ctx.call('parts', tasks)
  return encoded.reduce((sum, { bytes }) => sum + bytes, 0)
})

/** What a call by each policy gives, of three sub tasks. */
const byPolicy = defineCommand(
  { name: 'by-policy', input: z.object({ onFailure: z.enum(onFailures) }), retry: { maxRuns: 1 } },
  async (ctx, { onFailure }) => {
    const tasks = [0, 1, 2].map((from) => ({ command: encodePart, arguments: { from } }))
    if (onFailure === 'fail') return ctx.call('parts', tasks)
    if (onFailure === 'continue') return ctx.call('parts', tasks, { onFailure })
    return ctx.call('parts', tasks, { onFailure })
  },
)

describe('sub tasks of a test', () => {
  it('are answered by a function, and what was asked is listed', async () => {
    const calls: SubTaskCall[] = []
    const run = await testCommand(
      encode,
      { parts: 2 },
      {
        subTasks: {
          'part.encode': ({ from }: { from: number }, call) => {
            calls.push(call)
            return { bytes: (from + 1) * 100 }
          },
        },
      },
    )
    expect(run).toMatchObject({ status: 'succeeded', output: 300 })
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['suspended', 'succeeded'])
    const asked = { step: 'parts', command: 'part.encode', version: 1, status: 'succeeded', runs: 1, subTasks: [] }
    expect(run.subTasks).toMatchObject([
      { ...asked, arguments: { from: 0 }, output: { bytes: 100 } },
      { ...asked, arguments: { from: 1 }, output: { bytes: 200 } },
    ])
    expect(calls[0]).toMatchObject({ command: 'part.encode', version: 1, run: 1, task: { parentId: run.task.id } })
    expect(run.task.progress?.message).toBe('parts: 1 of 2 sub tasks have ended')
  })

  it('may be the real command, with its schemas, retries, steps, waits and sub tasks of its own', async () => {
    const real = defineCommand(
      { ...encodePart, retry: { maxRuns: 2, minSeconds: 60, maxSeconds: 60, jitter: 'none' } },
      async (ctx, { from }) => {
        if (ctx.task.runCount === 1) throw new Error('once')
        await ctx.sleep('cool down', 3_600)
        const text = await ctx.call('count', { command: 'text.count', arguments: 'x'.repeat(from + 1) })
        return { bytes: Number(text) }
      },
    )
    const subTasks = { 'part.encode': real, 'text.count': (text: string) => text.length }
    const run = await testCommand(encode, { parts: 2 }, { subTasks })
    expect(run.output).toBe(3)
    expect(run.subTasks).toMatchObject([
      { runs: 4, subTasks: [{ command: 'text.count', arguments: 'x', output: 1 }] },
      { runs: 4, subTasks: [{ command: 'text.count', arguments: 'xx', output: 2 }] },
    ])
    // Both paused and slept at the same time.
    expect(run.runs[1]?.startedAt.toISOString()).toBe('2026-01-15T13:01:00.000Z')
  })

  it('are held to the contract of a real command: what does not fit is refused before it is made', async () => {
    const strict = {
      'part.encode': defineCommand({ ...encodePart, retry: { maxRuns: 1 } }, () => Object({ bytes: 'x' })),
    }
    const bad = await testCommand(encode, { parts: 1 }, { subTasks: strict })
    expect(bad.subTasks[0]).toMatchObject({ status: 'failed', error: { code: 'invalid-output' } })
    const asks = defineCommand({ name: 'asks' }, (ctx) =>
      ctx.call('part', { command: 'part.encode', arguments: { from: 'x' } }),
    )
    const refused = await testCommand(asks, undefined, { subTasks: strict })
    expect(refused).toMatchObject({ status: 'failed', error: { code: 'step-refused' }, subTasks: [] })
    expect(refused.error?.message).toContain('/tasks/0/arguments/from')
  })

  it('fail with what their function throws, once, unless their parent gave them more runs', async () => {
    let asked = 0
    const subTasks: StandIns = {
      'part.encode': (_input, { run }) => {
        asked++
        if (run < 3) throw new TaskFailure('disk full', { code: 'full' })
        return { bytes: 1 }
      },
    }
    const run = await testCommand(encode, { parts: 1 }, { subTasks })
    expect(run).toMatchObject({ status: 'failed', error: { code: 'sub-task-failed' } })
    expect(run.subTasks[0]).toMatchObject({ status: 'failed', error: { code: 'full' }, runs: 1, output: undefined })
    expect(asked).toBe(1)
    const stubborn = defineCommand({ name: 'stubborn' }, (ctx) =>
      ctx.call('part', { command: encodePart, arguments: { from: 0 }, retry }),
    )
    expect(await testCommand(stubborn, undefined, { subTasks })).toMatchObject({ output: { bytes: 1 } })
  })

  it.each([
    ['fail', { status: 'failed', error: { code: 'sub-task-failed' } }],
    ['continue', { output: [{ ok: false, status: 'failed' }, { ok: true, output: { bytes: 1 } }, { ok: true }] }],
    ['first-success', { output: { index: 1, output: { bytes: 1 } } }],
  ] as const)('are waited for by the policy %s', async (onFailure, expected) => {
    const run = await testCommand(
      byPolicy,
      { onFailure },
      {
        subTasks: {
          'part.encode': ({ from }: { from: number }) => {
            if (from === 0) throw new Error('no')
            return { bytes: from }
          },
        },
      },
    )
    expect(run).toMatchObject(expected)
  })

  it('take turns as they became ready: one that fails does not keep its neighbours from beginning', async () => {
    const asked: number[] = []
    const part = ({ from }: { from: number }) => {
      asked.push(from)
      throw new Error('no')
    }
    const run = await testCommand(byPolicy, { onFailure: 'fail' }, { subTasks: { 'part.encode': part } })
    expect(asked).toEqual([0, 1, 2])
    expect(run.subTasks.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
  })

  it('find what stands in for them under an isolation key too', async () => {
    const subTasks = { 'part.encode': () => ({ bytes: 7 }) }
    const run = await testCommand(encode, { parts: 1 }, { subTasks, isolationKey: 'ann' })
    expect(run.output).toBe(7)
  })

  it('throw a SubTaskFailed in the parent, which may undo what it did', async () => {
    const undone: unknown[] = []
    const careful = defineCommand({ name: 'careful' }, async (ctx) => {
      try {
        await ctx.call('part', { command: 'part.encode', arguments: { from: 0 } })
      } catch (error) {
        if (!(error instanceof SubTaskFailed)) throw error
        undone.push(await ctx.step('undo', () => error.details?.[0]?.message))
        return 'undone'
      }
    })
    const run = await testCommand(careful, undefined, {
      subTasks: {
        'part.encode': () => {
          throw new Error('no disk')
        },
      },
    })
    expect(run.output).toBe('undone')
    expect(undone).toEqual([expect.stringContaining('no disk')])
  })

  it('are made once by ctx.create, with the same ids in each run, and waited for later', async () => {
    const ids: (readonly string[])[] = []
    const later = defineCommand({ name: 'later' }, async (ctx) => {
      const made = await ctx.create('parts', [
        { command: encodePart, arguments: { from: 0 } },
        { command: encodePart, arguments: { from: 1 } },
      ])
      ids.push(made)
      await ctx.sleep('nap', 60)
      return ctx.wait('all', made)
    })
    const run = await testCommand(later, undefined, { subTasks: { 'part.encode': () => ({ bytes: 5 }) } })
    expect(run.output).toEqual([{ bytes: 5 }, { bytes: 5 }])
    expect(run.subTasks.map(({ id }) => id)).toEqual(ids[0])
    expect(new Set(ids.map(String)).size).toBe(1)
    const again = await testCommand(later, undefined, { subTasks: { 'part.encode': () => ({ bytes: 5 }) } })
    expect(again.subTasks.map(({ id }) => id)).toEqual(ids[0])
  })

  it('are made once where the run that made them dies before it waits', async () => {
    let asked = 0
    const run = await testCommand(
      defineCommand({ name: 'dies' }, async (ctx) => {
        await ctx.create('parts', { command: encodePart, arguments: { from: 0 } })
        await ctx.step('note', () => 1)
        return ctx.call('more', { command: encodePart, arguments: { from: 1 } })
      }),
      undefined,
      {
        subTasks: { 'part.encode': () => ({ bytes: ++asked }) },
        onStep: ({ run }, { crash }) => run === 1 && crash(),
      },
    )
    expect(run.status).toBe('succeeded')
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['crashed', 'suspended', 'succeeded'])
    expect(run.subTasks.map(({ step, status }) => `${step} ${status}`)).toEqual(['parts succeeded', 'more succeeded'])
    expect(asked).toBe(2)
  })

  it('are canceled when their parent ends, unless they are detached', async () => {
    const asked: string[] = []
    const leaves = defineCommand({ name: 'leaves' }, async (ctx) => {
      await ctx.create('helper', { command: 'help' })
      await ctx.create('mail', { command: 'mail', onParentEnd: 'detach' })
    })
    const subTasks = { help: () => asked.push('help'), mail: () => asked.push('mail') }
    const run = await testCommand(leaves, undefined, { subTasks })
    expect(run.subTasks).toMatchObject([
      { command: 'help', status: 'canceled', onParentEnd: 'cancel' },
      { command: 'mail', status: 'succeeded', onParentEnd: 'detach' },
    ])
    expect(asked).toEqual(['mail'])
  })

  it('that are detached may wait for ever: the test is over without them', async () => {
    const hands = defineCommand({ name: 'hands' }, async (ctx) => {
      await ctx.create('desk', { command: 'desk', onParentEnd: 'detach' })
    })
    const desk = defineCommand({ name: 'desk' }, (ctx) => ctx.waitForSignal('ok', 'approved'))
    const run = await testCommand(hands, undefined, { subTasks: { desk } })
    expect(run).toMatchObject({ status: 'succeeded', subTasks: [{ status: 'suspended' }] })
  })

  it('that wait for a signal nobody can send fail the test, with a way out', async () => {
    const asks = defineCommand({ name: 'asks' }, (ctx) => ctx.call('desk', { command: 'desk' }))
    const desk = defineCommand({ name: 'desk' }, (ctx) => ctx.waitForSignal('ok', 'approved'))
    await expect(testCommand(asks, undefined, { subTasks: { desk } })).rejects.toThrow(
      /desk waits \(ok: the signal approved\).*subTasks: \{ 'desk': \(\) => output \}/,
    )
  })

  it('may depend on each other', async () => {
    const order: string[] = []
    const graph = defineCommand({ name: 'graph' }, async (ctx) => {
      const first = await ctx.create('first', { command: 'note', arguments: 'first' })
      await ctx.call('second', { command: 'note', arguments: 'second', dependsOn: [first] })
    })
    const note = (what: string) => order.push(what)
    expect((await testCommand(graph, undefined, { subTasks: { note } })).status).toBe('succeeded')
    expect(order).toEqual(['first', 'second'])
  })

  it('by the thousand are joined as on a hub, outputs in order', async () => {
    const many = defineCommand({ name: 'many' }, async (ctx) => {
      const tasks = Array.from({ length: 450 }, (_, index) => ({ command: 'echo', arguments: index }))
      const outputs = await ctx.call('all', tasks)
      return outputs.every((output, index) => output === index)
    })
    const run = await testCommand(many, undefined, { subTasks: { echo: (index: number) => index } })
    expect(run.output).toBe(true)
    expect(run.subTasks).toHaveLength(450)
  })
})

describe('a sub task that the test says nothing of', () => {
  it('fails the test and names the command, whatever the handler makes of it', async () => {
    const swallows = defineCommand({ name: 'swallows' }, async (ctx) => {
      try {
        await ctx.call('pay', { command: 'payment.take' })
      } catch {
        return 'fine'
      }
    })
    await expect(testCommand(swallows, undefined)).rejects.toThrow(
      /swallows asks for sub tasks of payment.take.*subTasks: \{ 'payment.take': \(input\) => output \}/,
    )
  })

  it('names a version that is not there', async () => {
    const asks = defineCommand({ name: 'asks' }, (ctx) => ctx.call('p', { command: 'part.encode', version: 7 }))
    const second = defineCommand({ name: 'part.encode', version: 2 }, () => 1)
    await expect(testCommand(asks, undefined, { subTasks: { 'part.encode': second } })).rejects.toThrow(/version 7/)
  })

  it.each([
    ['a contract', { 'part.encode': Object(encodePart) }, /subTasks\['part.encode'\] has no handler/],
    ['another name', { other: defineCommand({ name: 'part.encode' }, () => 1) }, /is the command part.encode/],
    ['no name', { 'Part!': () => 1 }, /not well defined/],
    ['nothing', { part: Object(undefined) }, /has no handler/],
  ])('is told where it is given as %s', async (_what, subTasks, message) => {
    await expect(testCommand(encode, { parts: 1 }, { subTasks })).rejects.toThrow(message)
  })
})

it('has types', () => {
  expectTypeOf({ a: (input: { n: number }) => input.n, b: () => 1, c: encode }).toExtend<StandIns>()
  expectTypeOf({ a: 1 }).not.toExtend<StandIns>()
})

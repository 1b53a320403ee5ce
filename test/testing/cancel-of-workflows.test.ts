import { describe, expect, it } from 'vitest'
import { testCommand } from '#testing/index'
import { type CommandContext, defineCommand } from '#worker-runtime/index'

/** Reserves, waits, and undoes what it did whatever comes. */
const saga = (done: string[], wait: (ctx: CommandContext) => Promise<unknown>, runsOnCancel = true) =>
  defineCommand({ name: 'saga', runsOnCancel }, async (ctx) => {
    await ctx.step('reserve', () => done.push('reserve'))
    try {
      await wait(ctx)
    } catch (error) {
      done.push(`aborted ${ctx.signal.aborted}`)
      await ctx.step('release', () => done.push('release'))
      throw error
    }
  })
const forSignal = (ctx: CommandContext) => ctx.waitForSignal('approval', 'decision')

describe('a task that is canceled while it waits', () => {
  it('is run once more where its command says so, and its steps work', async () => {
    const done: string[] = []
    const run = await testCommand(saga(done, forSignal), undefined, {
      onWait: (_until, { cancel }) => cancel('changed my mind'),
    })
    expect(run.status).toBe('canceled')
    expect(done).toEqual(['reserve', 'aborted true', 'release'])
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['suspended', 'canceled'])
    expect(run.history.at(-1)).toMatchObject({ move: 'canceled', by: 'tester', why: 'changed my mind' })
    expect(run.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'reserve done',
      'approval open',
      'release done',
    ])
  })

  it('is canceled at once where its command does not', async () => {
    const done: string[] = []
    const run = await testCommand(saga(done, forSignal, false), undefined, { onWait: (_until, { cancel }) => cancel() })
    expect(run).toMatchObject({ status: 'canceled', runs: [{ outcome: 'suspended' }] })
    expect(done).toEqual(['reserve'])
  })

  it('is run once more out of a sleep, and out of the pause before a retry', async () => {
    const asleep: string[] = []
    const napping = saga(asleep, (ctx) => ctx.sleep('nap', 86_400))
    const run = await testCommand(napping, undefined, { onWait: (_until, { cancel }) => cancel() })
    expect(run.status).toBe('canceled')
    expect(asleep).toEqual(['reserve', 'aborted true', 'release'])
    const failing: string[] = []
    const flaky = saga(failing, async (ctx) => {
      if (ctx.task.runCount === 1) throw new Error('once')
      ctx.signal.throwIfAborted()
    })
    const paused = await testCommand(flaky, undefined, {
      retry: { maxRuns: 3, minSeconds: 3_600, maxSeconds: 3_600, jitter: 'none' },
      onWait: (_until, { cancel }) => cancel(),
    })
    expect(paused.runs.map(({ outcome, startedAt }) => `${outcome} ${startedAt.toISOString().slice(11, 16)}`)).toEqual([
      'failed 12:00',
      'canceled 12:00',
    ])
  })

  it('undoes again where its instance dies while it undoes', async () => {
    const done: string[] = []
    const run = await testCommand(saga(done, forSignal), undefined, {
      onWait: (_until, { cancel }) => cancel(),
      onStep: ({ id, run }, { crash }) => id === 'release' && run === 2 && crash(),
    })
    expect(run.status).toBe('canceled')
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['suspended', 'crashed', 'canceled'])
    expect(done.filter((what) => what === 'release')).toHaveLength(1)
  })

  it('has 30 seconds to undo, and then is over', async () => {
    const deaf = defineCommand({ name: 'deaf', runsOnCancel: true }, async (ctx) => {
      try {
        await forSignal(ctx)
      } catch {
        ctx.progress(1)
        await new Promise(() => {})
      }
    })
    const run = await testCommand(deaf, undefined, {
      onWait: (_until, { cancel }) => cancel(),
      onProgress: (_report, { time }) => time.pass(31),
    })
    expect(run.status).toBe('canceled')
    expect(run.runs.map(({ outcome, endedAt }) => `${outcome} ${endedAt.toISOString().slice(11, 19)}`)).toEqual([
      'suspended 12:00:00',
      'canceled 12:00:30',
    ])
  })

  it('takes its sub tasks with it: those that have not begun, and those that have something to undo', async () => {
    const done: string[] = []
    const parent = defineCommand({ name: 'parent' }, (ctx) => ctx.call('both', [{ command: 'saga' }, { command: 'x' }]))
    const child = saga(done, forSignal)
    const early = await testCommand(parent, undefined, {
      subTasks: { saga: child, x: () => 1 },
      onWait: (_until, { cancel }) => cancel(),
    })
    const unbegun = { status: 'canceled', runs: 0 }
    expect(early).toMatchObject({ status: 'canceled', subTasks: [unbegun, unbegun] })
    expect(done).toEqual([])

    let cancelParent = () => {}
    const late = await testCommand(parent, undefined, {
      // Its turn comes when the first one waits.
      subTasks: { saga: child, x: () => cancelParent() },
      onWait: (_until, { cancel }) => {
        cancelParent = () => cancel()
      },
    })
    expect(late.status).toBe('canceled')
    expect(late.subTasks).toMatchObject([{ status: 'canceled', runs: 2 }, { runs: 1 }])
    expect(done).toEqual(['reserve', 'aborted true', 'release'])
  })

  it('is canceled amid its steps: those that follow are not begun, those that undo are', async () => {
    const done: string[] = []
    const run = await testCommand(
      saga(done, async (ctx) => {
        ctx.signal.throwIfAborted()
      }),
      undefined,
      { onStep: ({ id }, { cancel }) => id === 'reserve' && cancel() },
    )
    expect(run.status).toBe('canceled')
    expect(done).toEqual(['reserve', 'aborted true', 'release'])
  })
})

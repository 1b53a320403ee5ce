import { describe, expect, it, vi } from 'vitest'
import { TestTime, testCommand } from '#testing/index'
import { type CommandContext, defineCommand, StepFailed, TaskFailure } from '#worker-runtime/index'

const start = Date.parse('2026-01-15T12:00:00Z')
const secondsIn = (at: Date) => (at.getTime() - start) / 1_000
const retry = { maxRuns: 3, minSeconds: 10, maxSeconds: 60, factor: 2, jitter: 'none' } as const

/** A command whose handler is the test's own. */
const commandOf = (handler: (ctx: CommandContext) => unknown, options: object = {}) =>
  defineCommand({ name: 'flow', retry, ...options }, handler)

describe('a workflow under test', () => {
  it('is left behind in a wait and begun anew behind it, with what it remembers', async () => {
    const done: string[] = []
    const flow = commandOf(async (ctx) => {
      done.push(`begun ${ctx.task.runCount}`)
      const first = await ctx.step('first', () => done.push('first'))
      await ctx.sleep('night', 8 * 3_600)
      const second = await ctx.step('second', () => done.push('second'))
      return { first, second }
    })
    const run = await testCommand(flow, undefined)
    expect(run).toMatchObject({ status: 'succeeded', output: { first: 2, second: 4 } })
    expect(done).toEqual(['begun 1', 'first', 'begun 2', 'second'])
    expect(run.runs.map(({ outcome, startedAt }) => [outcome, secondsIn(startedAt)])).toEqual([
      ['suspended', 0],
      ['succeeded', 28_800],
    ])
    expect(run.steps.map(({ id, kind, state }) => `${id} ${kind} ${state}`)).toEqual([
      'first step done',
      'night sleep done',
      'second step done',
    ])
    expect(run.history.map(({ move }) => move)).toEqual(['created', 'started', 'suspended', 'started', 'succeeded'])
  })

  it('neither catches nor cleans up where it was left behind', async () => {
    const seen: string[] = []
    const flow = commandOf(async (ctx) => {
      try {
        await ctx.sleep('nap', 60)
      } finally {
        seen.push(`finally ${ctx.task.runCount}`)
      }
    })
    expect((await testCommand(flow, undefined)).status).toBe('succeeded')
    expect(seen).toEqual(['finally 2'])
  })

  it('shows what is done outside of a step and so more than once', async () => {
    let mails = 0
    const flow = commandOf(async (ctx) => {
      mails++
      await ctx.sleep('nap', 60)
    })
    await testCommand(flow, undefined)
    expect(mails).toBe(2)
  })

  it('fails where it does something else than an earlier run did', async () => {
    const flow = commandOf(async (ctx) => {
      if (ctx.task.runCount === 1) await ctx.sleep('same', 60)
      else await ctx.step('same', () => 1)
    })
    const run = await testCommand(flow, undefined)
    expect(run).toMatchObject({ status: 'failed', error: { code: 'diverged' } })
    expect(run.error?.message).toContain('the step same is a step now and was a sleep')
  })

  it('takes each wait beside others for itself, the shortest first', async () => {
    const flow = commandOf(async (ctx) => {
      await Promise.all([ctx.sleep('long', 7_200), ctx.sleep('short', 60)])
      return ctx.task.runCount
    })
    const run = await testCommand(flow, undefined)
    expect(run.output).toBe(3)
    expect(run.runs.map(({ startedAt }) => secondsIn(startedAt))).toEqual([0, 60, 7_200])
  })

  it('remembers its steps over failed runs, and freezes what a step works on', async () => {
    let quotes = 0
    const charged: number[] = []
    const flow = commandOf(async (ctx) => {
      await ctx.step('reserve', () => 'r')
      await ctx.step(
        'charge',
        (quote) => {
          charged.push(quote)
          if (!ctx.isLastRun) throw new Error('bank is away')
        },
        { input: () => ++quotes },
      )
    })
    const run = await testCommand(flow, undefined)
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'succeeded'])
    expect(charged).toEqual([1, 1, 1])
    expect(run.steps.map(({ id }) => id)).toEqual(['reserve', 'charge'])
  })

  it('tries a step again: after short pauses in its run, after long ones in another, all in no time', async () => {
    let tries = 0
    const policy = { maxRuns: 5, minSeconds: 2, maxSeconds: 3_600, factor: 4, jitter: 'none' } as const
    const flow = commandOf((ctx) =>
      ctx.step(
        'call',
        () => {
          if (++tries < 4) throw new Error(`try ${tries}`)
          return tries
        },
        { retry: policy },
      ),
    )
    const run = await testCommand(flow, undefined)
    expect(run).toMatchObject({ output: 4, steps: [{ id: 'call', tries: 4 }] })
    expect(run.runs.map(({ outcome, startedAt }) => [outcome, secondsIn(startedAt)])).toEqual([
      ['suspended', 0],
      ['suspended', 10],
      ['succeeded', 42],
    ])
  })

  it('lets pauses of steps side by side pass at the same time', async () => {
    const failing = (ctx: CommandContext, id: string, seconds: number) => {
      let tries = 0
      const work = () => {
        if (++tries === 1) throw new Error('once')
      }
      return ctx.step(id, work, { retry: { maxRuns: 2, minSeconds: seconds, maxSeconds: seconds, jitter: 'none' } })
    }
    const flow = commandOf(async (ctx) => {
      await Promise.all([failing(ctx, 'a', 2), failing(ctx, 'b', 3), failing(ctx, 'c', 3)])
    })
    const run = await testCommand(flow, undefined)
    expect(run.runs.map(({ outcome, endedAt }) => [outcome, secondsIn(endedAt)])).toEqual([['succeeded', 3]])
  })

  it('runs out of its time limit in a pause', async () => {
    const flow = commandOf(
      (ctx) =>
        ctx.step(
          'call',
          () => {
            throw new Error('never')
          },
          { retry: { maxRuns: 50, minSeconds: 4, maxSeconds: 4, jitter: 'none' } },
        ),
      { timeoutSeconds: 30, retry: { maxRuns: 1 } },
    )
    const run = await testCommand(flow, undefined)
    expect(run).toMatchObject({ status: 'failed', error: { code: 'timeout' }, runs: [{ outcome: 'timed-out' }] })
  })

  it('remembers a failure for good, and meets it in every later run', async () => {
    let tries = 0
    const met: unknown[] = []
    const flow = commandOf(async (ctx) => {
      try {
        await ctx.step('ship', () => {
          tries++
          throw new TaskFailure('no carrier takes it', { code: 'too-heavy', retryable: false })
        })
      } catch (error) {
        met.push(error)
      }
      await ctx.sleep('nap', 60)
      await ctx.step('refund', () => 'refunded')
      return 'undone'
    })
    const run = await testCommand(flow, undefined)
    expect(run).toMatchObject({ status: 'succeeded', output: 'undone' })
    expect(tries).toBe(1)
    expect(met).toHaveLength(2)
    expect(met[1]).toBeInstanceOf(StepFailed)
    expect(run.steps[0]).toMatchObject({ id: 'ship', state: 'failed', error: { code: 'too-heavy' } })
  })

  it('that dies between two steps does the first one once', async () => {
    const done: string[] = []
    const flow = commandOf(async (ctx) => {
      await ctx.step('reserve', () => done.push('reserve'))
      await ctx.step('charge', () => done.push('charge'))
    })
    const seen: string[] = []
    const run = await testCommand(flow, undefined, {
      onStep: ({ id, state, run }, { crash }) => {
        seen.push(`${id} ${state} ${run}`)
        if (id === 'reserve') crash()
      },
    })
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['crashed', 'succeeded'])
    expect(done).toEqual(['reserve', 'charge'])
    expect(seen).toEqual(['reserve done 1', 'charge done 2'])
  })

  it('that dies within a step does that one again', async () => {
    const done: string[] = []
    let die = () => {}
    const flow = commandOf((ctx) =>
      ctx.step('charge', () => {
        done.push('charge')
        die()
      }),
    )
    const run = await testCommand(flow, undefined, {
      onRun: ({ run, crash }) => {
        die = run === 1 ? () => crash() : () => {}
      },
    })
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['crashed', 'succeeded'])
    expect(done).toEqual(['charge', 'charge'])
  })

  it('is handed back in the middle of its steps, and goes on', async () => {
    const flow = commandOf(async (ctx) => {
      await ctx.step('a', () => 1)
      await ctx.step('b', () => 2)
    })
    const run = await testCommand(flow, undefined, { onStep: ({ run }, { shutdown }) => run === 1 && shutdown() })
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['interrupted', 'succeeded'])
  })

  it('keeps a large result of a step, without the test noticing', async () => {
    const flow = commandOf(async (ctx) => {
      const text = await ctx.step('large', () => 'x'.repeat(300_000))
      await ctx.sleep('nap', 60)
      return text.length
    })
    expect((await testCommand(flow, undefined)).output).toBe(300_000)
  })

  it('throws what a hook throws, whatever the handler makes of it', async () => {
    const flow = commandOf(async (ctx) => {
      await ctx.step('a', () => 1).catch(() => 2)
      await ctx.sleep('nap', 60)
    })
    const onStep = ({ output }: { output?: unknown }) => expect(output).toBe(7)
    await expect(testCommand(flow, undefined, { onStep })).rejects.toThrow(/to be 7/)
    const onWait = (_until: unknown, { crash }: { crash: () => void }) => crash()
    await expect(testCommand(flow, undefined, { onWait })).rejects.toThrow('no run is under way')
  })

  it('names what cannot be a step', async () => {
    const flow = commandOf((ctx) => ctx.step('?', () => 1), { retry: { maxRuns: 1 } })
    expect((await testCommand(flow, undefined)).error?.message).toContain('is no step id')
  })

  it('shares its time, and works beside fake timers', async () => {
    vi.useFakeTimers()
    try {
      const time = new TestTime('2026-03-01T08:00:00Z')
      const flow = commandOf(async (ctx) => {
        await ctx.sleep('until', new Date('2027-03-01T08:00:00Z'))
        return time.now().toISOString()
      })
      expect((await testCommand(flow, undefined, { time })).output).toBe('2027-03-01T08:00:00.000Z')
    } finally {
      vi.useRealTimers()
    }
  })

  it('tells of each wait once, and for what', async () => {
    const waits: string[] = []
    const flow = commandOf(async (ctx) => {
      await Promise.all([ctx.sleep('nap', 60), ctx.waitForSignal('ok', 'approved')])
    })
    await testCommand(flow, undefined, {
      onWait: (until, { run, waits: open, signal }) => {
        const kinds = open.map(({ id, kind }) => `${id} ${kind}`).join(', ')
        waits.push(`${run} ${until === undefined ? 'open' : secondsIn(until)}: ${kinds}`)
        if (run === 3) signal('approved')
      },
    })
    expect(waits).toEqual(['2 60: nap sleep, ok signal', '3 open: ok signal'])
  })
})

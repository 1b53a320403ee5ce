import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testCommand } from '#testing/index'
import { defineCommand, SignalTimeout } from '#worker-runtime/index'

const Decision = z.object({ approved: z.boolean() })
const start = Date.parse('2026-01-15T12:00:00Z')

const approve = defineCommand({ name: 'approve' }, async (ctx) => {
  const { approved } = await ctx.waitForSignal('approval', 'decision', { schema: Decision, timeoutSeconds: 86_400 })
  return approved
})
const patient = defineCommand({ name: 'patient' }, async (ctx) => {
  const one = await ctx.waitForSignal('first', 'word')
  const two = await ctx.waitForSignal('second', 'word')
  return [one, two]
})

describe('a signal in a test', () => {
  it('that came before anybody waited is kept, and consumed once, in order', async () => {
    const signals = ['a', 'b', 'c'].map((data) => ({ name: 'word', data }))
    const run = await testCommand(patient, undefined, { signals })
    expect(run.output).toEqual(['a', 'b'])
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['succeeded'])
    expect(run.steps.map(({ id, output }) => [id, output])).toEqual([
      ['first', 'a'],
      ['second', 'b'],
    ])
  })

  it('is sent by a hook while the task waits, and wakes it', async () => {
    const run = await testCommand(patient, undefined, {
      onWait: (_until, { run, waits, signal }) => {
        expect(waits).toMatchObject([{ kind: 'signal', signal: 'word' }])
        signal('word', run)
      },
    })
    expect(run.output).toEqual([2, 3])
    expect(run.history.map(({ move }) => move)).toContain('woken')
  })

  it('is sent while a run is under way, and is there when a step asks for it', async () => {
    const run = await testCommand(approve, undefined, { onRun: ({ signal }) => signal('decision', { approved: true }) })
    expect(run).toMatchObject({ status: 'succeeded', output: true, runs: [{ outcome: 'succeeded' }] })
  })

  it('that does not come in time is a SignalTimeout, at its time', async () => {
    const caught: unknown[] = []
    const lenient = defineCommand({ name: 'lenient' }, async (ctx) => {
      try {
        await ctx.waitForSignal('approval', 'decision', { timeoutSeconds: 3 * 86_400 })
      } catch (error) {
        caught.push(error)
        return 'nobody said anything'
      }
    })
    const run = await testCommand(lenient, undefined)
    expect(run.output).toBe('nobody said anything')
    expect(caught).toEqual([expect.any(SignalTimeout)])
    expect(run.runs[1]?.startedAt.getTime()).toBe(start + 3 * 86_400_000)
    expect(await testCommand(approve, undefined)).toMatchObject({ status: 'failed', error: { code: 'signal-timeout' } })
  })

  it('that comes late in the time of the test finds its step over', async () => {
    const run = await testCommand(approve, undefined, {
      onWait: (_until, { time, signal }) => {
        time.pass(86_400 - 1)
        signal('decision', { approved: false })
      },
    })
    expect(run.output).toBe(false)
    // Signals before time limits: it is there when the task looks.
    const late = await testCommand(approve, undefined, { onWait: (_until, { time }) => time.pass(86_401) })
    expect(late.error?.code).toBe('signal-timeout')
  })

  it('that does not fit is refused at the door while a step waits for it, which fails the test', async () => {
    const send = (data: unknown) =>
      testCommand(approve, undefined, { onWait: (_until, { signal }) => signal('decision', data) })
    await expect(send({ approved: 'yes' })).rejects.toThrow(/refuses the signal decision: \/data\/approved/)
    await expect(send(undefined)).rejects.toThrow(/refuses the signal decision/)
  })

  it('that came early and does not fit fails the step that takes it', async () => {
    const run = await testCommand(approve, undefined, { signals: [{ name: 'decision', data: { approved: 'yes' } }] })
    expect(run).toMatchObject({ status: 'failed', error: { code: 'invalid-signal' } })
  })

  it('has a name and data that any hub would take', async () => {
    await expect(testCommand(approve, undefined, { signals: [{ name: 'no name' }] })).rejects.toThrow(/no name of a/)
    const huge = { name: 'decision', data: 'x'.repeat(70_000) }
    await expect(testCommand(approve, undefined, { signals: [huge] })).rejects.toThrow(/limit signalBytes/)
  })

  it('that nobody sends and that has no time limit fails the test at once, with a way out', async () => {
    const before = performance.now()
    await expect(testCommand(patient, undefined)).rejects.toThrow(
      /Nothing happens any more at 2026-01-15T12:00:00.000Z.*patient waits \(first: the signal word\).*signals: \[\{ name: 'word', data \}\]/,
    )
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  it('survives a crash of the run that took it', async () => {
    const twice = defineCommand({ name: 'twice' }, async (ctx) => {
      const word = await ctx.waitForSignal('first', 'word')
      await ctx.step('note', () => word)
      return word
    })
    const run = await testCommand(twice, undefined, {
      signals: [{ name: 'word', data: 'a' }],
      onStep: ({ run }, { crash }) => run === 1 && crash(),
    })
    expect(run).toMatchObject({ output: 'a', runs: [{ outcome: 'crashed' }, { outcome: 'succeeded' }] })
  })
})

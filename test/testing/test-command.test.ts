import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'
import { commandOf, TestTime, testCommand } from '#testing/index'
import { defineCommand, defineWorker, TaskFailure } from '#worker-runtime/index'

const retry = { maxRuns: 3, minSeconds: 10, maxSeconds: 60, factor: 2, jitter: 'none' } as const
const start = Date.parse('2026-01-15T12:00:00Z')
const secondsIn = (at: Date) => (at.getTime() - start) / 1_000

const greetOutput = z.object({ words: z.string() })
const greet = defineCommand(
  {
    name: 'greet',
    input: z.object({ name: z.string(), times: z.int().default(1) }),
    output: greetOutput,
  },
  (ctx, { name, times }) => {
    ctx.progress(50, 'thinking')
    ctx.log.info('greeting', { name })
    return { words: name.repeat(times) }
  },
)

/** Fails until its last run. */
const flaky = defineCommand({ name: 'flaky', retry }, (ctx) => {
  if (!ctx.isLastRun) throw new TaskFailure('not yet', { code: 'busy' })
  return ctx.task.runCount
})

/** Waits for its signal and brings what the signal's reason says. */
const waiting = defineCommand({ name: 'waiting', retry, timeoutSeconds: 30 }, async (ctx) => {
  ctx.progress(10)
  await new Promise((_, reject) => {
    if (ctx.signal.aborted) reject(ctx.signal.reason)
    ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))
  })
})

describe('a command under test', () => {
  it('succeeds with its output, progress, logs and history', async () => {
    const run = await testCommand(greet, { name: 'Ada', times: 2 }, { externalId: 'x-1' })
    expectTypeOf(run.output).toEqualTypeOf<{ words: string } | undefined>()
    expect(run).toMatchObject({
      status: 'succeeded',
      output: { words: 'AdaAda' },
      error: undefined,
      runs: [{ number: 1, outcome: 'succeeded' }],
      progress: [{ run: 1, percent: 50, message: 'thinking' }],
      logs: [{ run: 1, level: 'info', event: 'greeting', fields: { name: 'Ada' } }],
      files: {},
      task: { externalId: 'x-1', statusCode: 200, progress: { percent: 50 } },
    })
    expect(run.history.map(({ move }) => move)).toEqual(['created', 'started', 'succeeded'])
  })

  it('is held to its own schemas, with their defaults, and as JSON', async () => {
    expect((await testCommand(greet, { name: 'Ada' })).output).toEqual({ words: 'Ada' })
    const bad = await testCommand(greet, JSON.parse('{ "name": 7 }'))
    expect(bad).toMatchObject({ status: 'failed', error: { code: 'invalid-input', retryable: false } })
    expect(bad.error?.message).toContain('/name')
    const odd = defineCommand({ name: 'odd', output: z.object({ n: z.number() }) }, () => JSON.parse('{ "n": "1" }'))
    expect((await testCommand(odd, undefined)).error?.code).toBe('invalid-output')
    const day = defineCommand({ name: 'day', input: z.object({ at: z.string() }) }, (_ctx, { at }) => at)
    const given: unknown = { at: new Date(0) }
    expect((await testCommand(day, JSON.parse(JSON.stringify(given)))).output).toBe('1970-01-01T00:00:00.000Z')
    const noJson = defineCommand({ name: 'no-json' }, () => ({ n: 1n }))
    expect((await testCommand(noJson, undefined)).error?.code).toBe('not-json')
  })

  it('is repeated by its retry policy, at the times that its backoff says', async () => {
    const run = await testCommand(flaky, undefined)
    expect(run).toMatchObject({ status: 'succeeded', output: 3 })
    expect(run.runs.map(({ outcome, startedAt }) => [outcome, secondsIn(startedAt)])).toEqual([
      ['failed', 0],
      ['failed', 10],
      ['succeeded', 30],
    ])
    expect(run.runs[0]?.error).toEqual({ code: 'busy', message: 'not yet', retryable: true })
  })

  it('waits hours of backoff in no time, half of the jitter unless told otherwise', async () => {
    const slow = { maxRuns: 2, minSeconds: 7_200, maxSeconds: 7_200 }
    const run = await testCommand(flaky, undefined, { retry: slow })
    expect(run.runs.map(({ startedAt }) => secondsIn(startedAt))).toEqual([0, 3_600])
    const later = await testCommand(flaky, undefined, { retry: slow, chance: () => 0.9 })
    expect(later.runs.map(({ startedAt }) => secondsIn(startedAt))).toEqual([0, 6_480])
  })

  it('fails when no run is left, and at once where no other run would do better', async () => {
    const run = await testCommand(flaky, undefined, { retry: { maxRuns: 1 } })
    expect(run).toMatchObject({ status: 'succeeded', output: 1 })
    const hopeless = defineCommand({ name: 'hopeless', retry }, () => {
      throw new TaskFailure('declined', { code: 'card-declined', retryable: false })
    })
    expect(await testCommand(hopeless, undefined)).toMatchObject({
      status: 'failed',
      error: { code: 'card-declined' },
      runs: [{ outcome: 'failed' }],
    })
    const broken = defineCommand({ name: 'broken', retry }, () => {
      throw new RangeError('out of it')
    })
    expect((await testCommand(broken, undefined)).runs).toHaveLength(3)
  })

  it('runs out of its time limit when the test lets time pass, and is tried again', async () => {
    const run = await testCommand(waiting, undefined, { onProgress: (_, { time }) => time.pass(31) })
    expect(run.status).toBe('failed')
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['timed-out', 'timed-out', 'timed-out'])
    expect(run).toMatchObject({ error: { code: 'timeout' }, task: { statusCode: 408 } })
  })

  it('has five seconds more, and then is over whatever it does', async () => {
    const deaf = defineCommand({ name: 'deaf', timeoutSeconds: 30, retry: { maxRuns: 1 } }, (ctx) => {
      ctx.progress(1)
      return new Promise(() => {})
    })
    const run = await testCommand(deaf, undefined, { onProgress: (_, { time }) => time.pass(100) })
    expect(run.runs.map(({ outcome, endedAt }) => [outcome, secondsIn(endedAt)])).toEqual([['timed-out', 35]])
    const late = defineCommand({ name: 'late', timeoutSeconds: 30 }, (ctx) => {
      ctx.progress(1)
      return ctx.signal.aborted ? 'what I have' : 'all'
    })
    const kept = await testCommand(late, undefined, { onProgress: (_, { time }) => time.pass(34) })
    expect(kept).toMatchObject({ status: 'succeeded', output: 'what I have' })
  })

  it('is canceled at a chosen point: while it runs, and while it waits', async () => {
    const running = await testCommand(waiting, undefined, { onProgress: (_, { cancel }) => cancel('changed my mind') })
    expect(running).toMatchObject({ status: 'canceled', runs: [{ outcome: 'canceled' }] })
    expect(running.history.at(-1)).toMatchObject({ move: 'canceled', why: 'changed my mind' })
    const inBackoff = await testCommand(flaky, undefined, { onWait: (_, { run, cancel }) => run === 3 && cancel() })
    expect(inBackoff).toMatchObject({ status: 'canceled', runs: [{ outcome: 'failed' }, { outcome: 'failed' }] })
    const beforeHandler = await testCommand(waiting, undefined, { onRun: ({ cancel }) => cancel() })
    expect(beforeHandler.status).toBe('canceled')
  })

  it('is canceled 30 seconds later where it does not look at its signal', async () => {
    const deaf = defineCommand({ name: 'deaf' }, (ctx) => {
      ctx.progress(1)
      return new Promise(() => {})
    })
    const run = await testCommand(deaf, undefined, {
      onProgress: (_, { cancel, time }) => {
        cancel()
        time.pass(60)
      },
    })
    expect(run.status).toBe('canceled')
    expect(run.runs.map(({ outcome, endedAt }) => [outcome, secondsIn(endedAt)])).toEqual([['canceled', 30]])
  })

  it('that was done before it saw the cancel counts as done', async () => {
    const run = await testCommand(greet, { name: 'Ada' }, { onProgress: (_, { cancel }) => cancel() })
    expect(run).toMatchObject({ status: 'succeeded', output: { words: 'Ada' } })
  })

  it('runs again when its instance dies in the middle, and what the dead one brings counts for nothing', async () => {
    const run = await testCommand(greet, { name: 'Ada' }, { onProgress: ({ run }, { crash }) => run === 1 && crash() })
    expect(run).toMatchObject({ status: 'succeeded', runs: [{ outcome: 'crashed' }, { outcome: 'succeeded' }] })
    expect(run.task.crashCount).toBe(1)
    expect(run.logs.map((line) => line.run)).toEqual([2])
    const always = await testCommand(greet, { name: 'Ada' }, { onProgress: (_, { crash }) => crash('out of memory') })
    expect(always).toMatchObject({ status: 'failed', error: { code: 'crashed' } })
    expect(always.runs).toHaveLength(3)
  })

  it('is handed back at a shutdown, which costs no try', async () => {
    const run = await testCommand(waiting, undefined, {
      onProgress: ({ run }, control) => (run === 1 ? control.shutdown() : control.cancel()),
    })
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['interrupted', 'canceled'])
  })

  it('starts when it is to start, and expires where it may not any more', async () => {
    const waits: Date[] = []
    const run = await testCommand(
      greet,
      { name: 'Ada' },
      {
        startAfter: new Date('2026-01-16T06:00:00Z'),
        onWait: (until) => void waits.push(until ?? new Date(0)),
      },
    )
    expect(waits.map((at) => at.toISOString())).toEqual(['2026-01-16T06:00:00.000Z'])
    expect(run.task.startedAt).toBe('2026-01-16T06:00:00.000Z')
    const late = await testCommand(flaky, undefined, { notStartAfter: { seconds: 5 } })
    expect(late).toMatchObject({ status: 'expired', runs: [{ outcome: 'failed' }] })
    const looks = defineCommand({ name: 'looks' }, (ctx) => {
      ctx.progress(1)
      ctx.checkExpired()
    })
    const closed = await testCommand(looks, undefined, {
      notStartAfter: { seconds: 5 },
      onProgress: (_, { time }) => time.pass(6),
    })
    expect(closed).toMatchObject({ status: 'expired', runs: [{ outcome: 'expired' }] })
  })

  it('shares the time of the test with what it waits with', async () => {
    const time = new TestTime('2026-03-01T08:00:00Z')
    const polls: string[] = []
    const poll = defineCommand({ name: 'poll', timeoutSeconds: 60 }, async (ctx) => {
      for (let tries = 0; tries < 10 && !ctx.signal.aborted; tries++) {
        polls.push(time.now().toISOString().slice(11, 19))
        time.pass(25)
      }
      ctx.signal.throwIfAborted()
    })
    const run = await testCommand(poll, undefined, { time, retry: { maxRuns: 1 } })
    expect(polls).toEqual(['08:00:00', '08:00:25', '08:00:50'])
    expect(run.error?.code).toBe('timeout')
  })
})

describe('a test framework with fake timers', () => {
  it('does no harm', async () => {
    vi.useFakeTimers()
    try {
      expect((await testCommand(greet, { name: 'Ada' })).output).toEqual({ words: 'Ada' })
      await expect(testCommand(waiting, undefined, { patienceSeconds: 0.05 })).rejects.toThrow(/had not returned/)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('files of a command under test', () => {
  const upper = defineCommand({ name: 'upper', retry: { maxRuns: 2, jitter: 'none' } }, async (ctx) => {
    const [file] = ctx.files.list()
    const { path, size } = await ctx.files.get(file?.name ?? 'absent.txt')
    const text = await readFile(path, 'utf8')
    await ctx.files.put('upper.txt', Buffer.from(text.toUpperCase()), { public: true })
    if (!ctx.isLastRun) throw new Error('once more')
    await ctx.files.put('again.csv', Readable.from(['a,', 'b']))
    return { size, path }
  })

  it('come in from bytes or a path, and go out with the run that succeeded', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'taskurai-testing-'))
    try {
      const path = join(folder, 'some.dat')
      await writeFile(path, 'über')
      for (const source of [path, Buffer.from('über')]) {
        const run = await testCommand(upper, undefined, { files: { 'words.txt': source } })
        expect(run.status).toBe('succeeded')
        expect(Object.keys(run.files)).toEqual(['upper.txt', 'again.csv'])
        const { bytes, ...file } = run.files['upper.txt'] ?? {}
        expect(Buffer.from(bytes ?? []).toString()).toBe('ÜBER')
        expect(file).toMatchObject({ name: 'upper.txt', size: 5, contentType: 'text/plain', public: true })
        expect(run.files['again.csv']).toMatchObject({ size: 3, contentType: 'text/csv' })
        expect(run.task.files).toMatchObject([{ name: 'words.txt', size: 5, contentType: 'text/plain' }])
        expect(run.task.result?.files?.[0]).toEqual(file)
        const { path: gone } = z.object({ path: z.string() }).parse(run.output)
        await expect(readFile(gone)).rejects.toThrow('ENOENT')
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('of a failed task are none, and a name that is not there fails it', async () => {
    const run = await testCommand(upper, undefined)
    expect(run).toMatchObject({ status: 'failed', files: {}, error: { code: 'no-such-file' } })
  })

  it('have names that any hub would take', async () => {
    await expect(testCommand(upper, undefined, { files: { '../x': 'y' } })).rejects.toThrow(/file '..\/x'/)
    await expect(testCommand(upper, undefined, { files: { 'x.txt': '/absent' } })).rejects.toThrow('ENOENT')
    const bad = defineCommand({ name: 'bad', retry: { maxRuns: 1 } }, (ctx) => ctx.files.put('a/b', Buffer.from('')))
    expect((await testCommand(bad, undefined)).error?.message).toMatch(/no name of a file/)
  })

  it('keep a large output apart without the test noticing', async () => {
    const large = defineCommand({ name: 'large' }, () => 'x'.repeat(300_000))
    expect((await testCommand(large, undefined)).output).toHaveLength(300_000)
  })
})

describe('a call that no hub would take', () => {
  it.each([
    ['a handler is missing', () => testCommand(Object(defineCommand({ name: 'c' })), {}), /no handler/],
    [
      'a schema cannot be told in JSON',
      () =>
        testCommand(
          defineCommand({ name: 'c', input: z.object({ at: z.date() }) }, () => 1),
          Object({}),
        ),
      /input of command c@1.*\/at/,
    ],
    ['a field is unknown', () => testCommand(greet, { name: 'Ada' }, Object({ subjekt: 'x' })), /subjekt/],
    [
      'the start lies after the last start',
      () => testCommand(greet, { name: 'A' }, { startAfter: { seconds: 9 }, notStartAfter: { seconds: 3 } }),
      /notStartAfter lies before/,
    ],
    [
      'it depends on another',
      () => testCommand(greet, { name: 'A' }, Object({ dependsOn: ['x'] })),
      /nothing to depend on/,
    ],
    [
      'two clocks',
      () => testCommand(greet, { name: 'A' }, { now: new Date(0), time: new TestTime() }),
      /without `time`/,
    ],
    ['no day', () => testCommand(greet, { name: 'A' }, { now: 'soon' }), /not soon/],
    [
      'an input that is no JSON',
      () =>
        testCommand(
          defineCommand({ name: 'c' }, () => 1),
          1n,
        ),
      /BigInt/,
    ],
  ])('throws: %s', async (_what, call, message) => {
    await expect(call()).rejects.toThrow(message)
  })

  it('throws what a hook throws, whatever the handler makes of it', async () => {
    const onProgress = ({ percent }: { percent: number }) => expect(percent).toBe(51)
    await expect(testCommand(greet, { name: 'Ada' }, { onProgress })).rejects.toThrow(/51/)
    await expect(testCommand(flaky, undefined, { onWait: (_, { crash }) => crash() })).rejects.toThrow(
      /no run is under/,
    )
  })

  it('says where a handler waits for a time that does not pass', async () => {
    await expect(testCommand(waiting, undefined, { patienceSeconds: 0.05 })).rejects.toThrow(
      /waiting had not returned after 0.05 s of real time, at 2026-01-15T12:00:00.000Z/,
    )
  })
})

describe('time in a test', () => {
  it('refuses to go backwards and fires in order', () => {
    const time = new TestTime(new Date(0))
    const fired: string[] = []
    time.at(new Date(2_000), () => fired.push('second'))
    time.at(new Date(1_000), () => fired.push('first'))
    const takeBack = time.at(new Date(1_500), () => fired.push('taken back'))
    takeBack()
    time.pass(1.5)
    expect(fired).toEqual(['first'])
    time.pass(5)
    expect(fired).toEqual(['first', 'second'])
    expect(time.now()).toEqual(new Date(6_500))
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => time.pass(bad)).toThrow(RangeError)
  })
})

describe('a command of a worker', () => {
  const greeter = defineWorker({ name: 'greeter', commands: [greet, flaky] })
  it('is found by its contract, with its types, or by name', async () => {
    const contract = defineCommand({ name: 'greet', input: z.object({ name: z.string() }), output: greetOutput })
    const run = await testCommand(commandOf(greeter, contract), { name: 'Ada' })
    expectTypeOf(run.output).toEqualTypeOf<{ words: string } | undefined>()
    expect(run.output).toEqual({ words: 'Ada' })
    expect((await testCommand(commandOf(greeter, 'flaky'), undefined)).output).toBe(3)
    expect(() => commandOf(greeter, 'absent')).toThrow('Worker greeter has no command absent: greet@1, flaky@1')
  })
})

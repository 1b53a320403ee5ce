import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { lineLog } from '#worker-runtime/log'
import { createRunLog } from '#worker-runtime/run-log'

const of = { taskId: '01K9Z0000000000000000000AB', run: 2, correlationId: 'order-7', command: 'order.confirm@1' }

/** The log of one run, and the JSON lines that come of it. */
function createWorld(linesMost?: number) {
  const lines: string[] = []
  let printedBytes = 0
  const write = lineLog((line) => {
    lines.push(line)
    printedBytes += Buffer.byteLength(line)
  }, 'json')
  const log = createRunLog({
    of,
    write,
    printedBytes: () => printedBytes,
    ...(linesMost === undefined ? {} : { linesMost }),
  })
  return { ...log, lines, parsed: () => lines.map((line) => JSON.parse(line)), bytes: () => printedBytes }
}

describe('a line of a run as JSON', () => {
  const whole = { task: of.taskId, run: 2, correlation: 'order-7', command: 'order.confirm@1' }

  it('says whose it is, and what the handler gave', () => {
    const { log, say, parsed } = createWorld()
    log.info('pdf.made', { bytes: 31_337, nested: { a: [1] } })
    say('error', () => 'two\nlines')
    expect(parsed()).toEqual([
      { level: 'info', event: 'pdf.made', ...whole, bytes: 31_337, nested: { a: [1] } },
      { level: 'error', event: 'two\nlines', ...whole },
    ])
  })

  it('keeps fields whose names are taken under another one, and lets none of them speak for another task', () => {
    const { log, parsed } = createWorld()
    log.info('x', { level: 'error', event: 'y', task: 'other', command: 'ffmpeg', correlation: 1, taskId: 'o', run: 9 })
    const others = { level_: 'error', event_: 'y', task_: 'other', command_: 'ffmpeg', correlation_: 1 }
    expect(parsed()).toEqual([{ level: 'info', event: 'x', ...whole, ...others }])
  })

  it.each([
    ['too long', { text: 'ü'.repeat(100_000) }],
    [
      'going round in circles',
      (() => {
        const a: Record<string, unknown> = {}
        a.a = a
        return a
      })(),
    ],
    ['made of what JSON cannot say', { n: 1n }],
  ])('is one line that knows its task, with fields %s', (_, fields) => {
    const { log, lines, parsed } = createWorld()
    log.warn('x', fields)
    expect(lines).toHaveLength(1)
    expect(lines[0]?.length).toBeLessThanOrEqual(limits.logLineChars)
    expect(parsed()[0]).toMatchObject({ level: 'warn', event: 'x', ...whole, fields: expect.any(String) })
  })
})

describe('a run that prints too much', () => {
  it('is told so once, and at its end how much was left out', () => {
    const { log, say, end, parsed } = createWorld(3)
    for (let n = 1; n <= 3; n++) log.info('line', { n })
    expect(parsed()).toHaveLength(3)
    let made = 0
    for (let n = 0; n < 100; n++) say('info', () => `${made++}`)
    end()
    // What is not told is not even put into words.
    expect(made).toBe(0)
    expect(parsed().slice(3)).toMatchObject([
      { level: 'warn', event: 'log.cut', lines: 3, why: expect.stringContaining('at most 3 lines') },
      { level: 'warn', event: 'log.dropped', lines: 100 },
    ])
  })

  it('still tells its errors, so many', () => {
    const { log, end, parsed } = createWorld(0)
    for (let n = 0; n < limits.runLogErrors + 5; n++) log.error('failed', { n })
    end()
    const events = parsed().map(({ event }) => event)
    expect(events.filter((event) => event === 'failed')).toHaveLength(limits.runLogErrors)
    expect(parsed().at(-1)).toMatchObject({ event: 'log.dropped', lines: 5 })
  })

  it('is bounded in bytes too', () => {
    const { log, bytes, parsed } = createWorld()
    for (let n = 0; n < 2_000; n++) log.info('x', { text: 'x'.repeat(15_000) })
    expect(bytes()).toBeLessThan(limits.runLogBytes + 2 * limits.logLineChars)
    expect(parsed().at(-1)).toMatchObject({ event: 'log.cut' })
  })

  it('one that keeps to the limit says nothing of it', () => {
    const { log, end, parsed } = createWorld(3)
    for (let n = 1; n <= 3; n++) log.info('line', { n })
    end()
    expect(parsed().map(({ n }) => n)).toEqual([1, 2, 3])
  })
})

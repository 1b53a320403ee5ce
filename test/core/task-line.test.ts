import { describe, expect, it } from 'vitest'
import { readTaskLine } from '#core/task-line'
import { lineLog, logOf } from '#worker-runtime/log'

const taskId = '01K9Z0000000000000000000AB'

/** What a handler's log call prints, in the one format or the other. */
function printed(format: 'text' | 'json', event: string, fields?: Readonly<Record<string, unknown>>): string {
  const lines: string[] = []
  const write = lineLog((line) => lines.push(line), format)
  logOf(write, { taskId, run: 2 }).warn(event, fields)
  return lines.join('').replace(/\n$/, '')
}

describe.each(['text', 'json'] as const)('a line printed as %s', (format) => {
  it.each([
    ['an event', 'order.confirmed', undefined, 'order.confirmed'],
    ['fields', 'pdf.made', { bytes: 31_337, name: 'a b' }, 'pdf.made bytes=31337 name="a b"'],
    ['a text of several lines', 'one\ntwo\r\nthree', undefined, 'one\\ntwo\\nthree'],
    ['a field that calls itself the task', 'x', { taskId: 'other', run: 9 }, 'x'],
    ['an empty event', '', { a: 1 }, ' a=1'],
  ])('with %s is told to be of its task and run', (_, event, fields, text) => {
    expect(readTaskLine(printed(format, event, fields))).toEqual({ taskId, run: 2, level: 'warn', text })
  })
})

it('a line that was cut off in a long field still knows its task', () => {
  const line = printed('text', 'long', { text: 'x'.repeat(499), more: 'y'.repeat(499) }).slice(0, 300)
  expect(readTaskLine(line)).toMatchObject({ taskId, level: 'warn', text: expect.stringMatching(/^long text=x+$/) })
})

it.each([
  ['what has no task', 'worker.gone why=idle'],
  ['a word that looks like it', 'the taskId= is missing'],
  ['an id that is none', 'x taskId=01k9z0000000000000000000ab'],
  ['an id that goes on', `x taskId=${taskId}C`],
  ['JSON that is cut off', `{"level":"info","event":"x","taskId":"${taskId}"`],
  ['JSON of others', '{"taskId":12}'],
  ['JSON that is no object', '["taskId"]'],
])('%s is no line of a task', (_, line) => {
  expect(readTaskLine(line)).toBeUndefined()
})

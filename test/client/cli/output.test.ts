import { describe, expect, it } from 'vitest'
import { isColored } from '#client/cli/color'
import { sizeText } from '#client/cli/show-task'
import { renderTable } from '#client/cli/table'
import { spanText } from '#client/cli/times'
import { memoryStream, startCli } from '../../support/cli.ts'
import { taskOf } from '../../support/scripted-hub.ts'

describe('colours', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: 'true' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: 'false' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [true, { TERM: 'dumb', FORCE_COLOR: '1' }, true],
  ])('terminal %s with %o: %s', (isTerminal, env, expected) => {
    expect(isColored({ isTerminal, env })).toBe(expected)
  })

  it('FORCE_COLOR paints what is piped', async () => {
    await using cli = await startCli(() => ({ body: { tasks: [taskOf({ status: 'failed' })] } }))
    expect((await cli.run(['list'], { env: { FORCE_COLOR: '1' } })).out).toContain('\u001b[31mfailed\u001b[39m')
  })
})

describe('a table', () => {
  const columns = [
    { title: 'ID' },
    { title: 'NAME', least: 6 },
    { title: 'AT', isOptional: true },
    { title: 'N', right: true, isOptional: true },
    { title: 'WORDS', least: 8 },
  ]
  const rows = [['0123456789', 'a long name', '2026-11-30', '12', 'many words that go on and on']]
  const at = (width: number) => renderTable({ columns, rows, width }).text.split('\n')

  it.each([80, 60, 50, 40, 30, 28])('fits %d columns, and never cuts an id', (width) => {
    const [head = '', row = ''] = at(width)
    expect(Math.max(head.length, row.length)).toBeLessThanOrEqual(width)
    expect(row.startsWith('0123456789')).toBe(true)
  })

  it('cuts the last column first, then those that give, then leaves out the optional ones', () => {
    expect(at(60)[1]).toBe('0123456789  a long name  2026-11-30  12  many words that go…')
    expect(at(45)[1]).toBe('0123456789  a long…  2026-11-30  12  many wo…')
    expect(at(40)[0]).toBe('ID          NAME          N  WORDS')
    expect(at(30)[0]).toBe('ID          NAME      WORDS')
  })

  it('lists tasks within 80 columns', async () => {
    await using cli = await startCli(() => ({ body: { tasks: [taskOf({ subject: 'x'.repeat(90) })] } }))
    const stdout = memoryStream(80)
    await cli.run(['list'], { stdout, isTerminal: true, env: { NO_COLOR: '1' } })
    const lines = stdout.text().trimEnd().split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(lines[0]).toBe('ID                          STATUS  COMMAND          RUNS  SUBJECT')
  })
})

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [31_337, '31.3 kB'],
  [4_200_000_000, '4.2 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})

it.each([
  [3_200, '3.2 s'],
  [59_999, '59 s'],
  [61_000, '1 min 1 s'],
  [7_380_000, '2 h 3 min'],
])('%d ms are %s', (ms, text) => {
  expect(spanText(ms)).toBe(text)
})

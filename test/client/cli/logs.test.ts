import { expect, it } from 'vitest'
import { memoryStream, startCli } from '../../support/cli.ts'
import { problem, type Script, taskOf } from '../../support/scripted-hub.ts'

const ID = '01K9Z0000000000000000000AB'
const line = (n: number, more: object = {}) => ({
  at: `2026-11-30T08:00:0${n}.000Z`,
  level: 'info',
  text: `line ${n}`,
  run: 1,
  ...more,
})

/** A log that has so many lines at each look, given out in pages of two. */
function logOf(ends: readonly number[], status: (look: number) => string = () => 'succeeded'): Script {
  let look = 0
  return ({ path }) => {
    if (!path.startsWith(`/v1/tasks/${ID}/logs`)) {
      look = Math.min(look + 1, ends.length - 1)
      return { body: taskOf({ id: ID, status: status(look) }) }
    }
    const after = Number(/cursor=(\d+)/.exec(path)?.[1] ?? 0)
    const last = Math.min(after + 2, ends[look] ?? 0)
    const lines = Array.from({ length: Math.max(0, last - after) }, (_, index) => line(after + index + 1))
    const cursor = Math.max(after, last)
    return { body: { lines, ...(cursor > 0 ? { cursor: String(cursor) } : {}) } }
  }
}

it('prints all pages, oldest first', async () => {
  await using cli = await startCli(logOf([5]))
  const ran = await cli.run(['logs', ID])
  expect(ran).toMatchObject({ code: 0, err: '' })
  expect(ran.out.split('\n').slice(0, -1)).toEqual(
    [1, 2, 3, 4, 5].map((n) => `2026-11-30T08:00:0${n}.000Z  run 1  line ${n}`),
  )
})

it('prints the end of it only, and each line as JSON', async () => {
  await using cli = await startCli(logOf([5]))
  expect((await cli.run(['logs', ID, '--tail', '1'])).out).toBe('2026-11-30T08:00:05.000Z  run 1  line 5\n')
  expect(await cli.run(['logs', ID, '--tail', '0'])).toMatchObject({ code: 0, out: '', err: '' })
  const json = (await cli.run(['logs', ID, '--tail', '2', '--json'])).out.trim().split('\n')
  expect(json.map((text) => JSON.parse(text))).toEqual([line(4), line(5)])
})

it('follows what comes until the task has ended, with what comes just behind its end', async () => {
  await using cli = await startCli(logOf([1, 3, 4, 6], (look) => (look < 3 ? 'running' : 'failed')))
  const ran = await cli.run(['logs', ID, '--follow', '--json'])
  expect(ran.code).toBe(0)
  expect(
    ran.out
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).text),
  ).toEqual([1, 2, 3, 4, 5, 6].map((n) => `line ${n}`))
})

it('paints warnings and errors on a terminal, and lets nothing in a line reach it as a command', async () => {
  const lines = [
    line(1, { level: 'warn', text: 'hm' }),
    line(2, { level: 'error', text: 'evil\u001b[2J', run: undefined }),
  ]
  await using cli = await startCli(({ path }) => ({
    body: path.includes('cursor') ? { lines: [] } : { lines, cursor: '2' },
  }))
  const stdout = memoryStream(80)
  await cli.run(['logs', ID], { stdout, isTerminal: true })
  expect(stdout.text()).toContain('\u001b[33mwarn hm\u001b[39m')
  expect(stdout.text()).toContain('\u001b[31merror evil [2J\u001b[39m')
  expect((await cli.run(['logs', ID])).out).toBe(
    '2026-11-30T08:00:01.000Z  run 1  warn hm\n2026-11-30T08:00:02.000Z  error evil [2J\n',
  )
})

it('says how many lines a noisy task lost', async () => {
  const body = { lines: [line(9)], cursor: '9', leftOut: 8 }
  await using cli = await startCli(({ path }) => ({ body: path.includes('cursor') ? { lines: [] } : body }))
  expect((await cli.run(['logs', ID])).err).toBe('… 8 lines left out: a task keeps its newest 1048576 bytes\n')
  expect((await cli.run(['logs', ID, '--json'])).err).toBe('{"leftOut":8}\n')
})

it('says why there may be none', async () => {
  await using cli = await startCli(logOf([0]))
  expect(await cli.run(['logs', ID])).toMatchObject({ code: 0, out: '', err: expect.stringMatching(/started by hand/) })
  expect(await cli.run(['logs', ID, '--json'])).toEqual({ code: 0, out: '', err: '' })
})

it.each([
  ['no id', ['logs'], 2, /missing required argument/],
  ['a tail that is none', ['logs', ID, '--tail', 'all'], 2, /--tail 'all' should be a number/],
  ['a task that is not there', ['logs', 'NONE'], 3, /there is no task/],
])('refuses %s', async (_, words, code, message) => {
  await using cli = await startCli(() => problem(404, 'not-found', 'there is no task NONE'))
  expect(await cli.run(words)).toMatchObject({ code, err: expect.stringMatching(message) })
})

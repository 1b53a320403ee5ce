import { describe, expect, it } from 'vitest'
import { treeOf } from '#client/cli/watch/tree'
import type { Task } from '#core/contract/task'
import { brokenPipe, memoryStream, startCli } from '../../support/cli.ts'
import { screenOf } from '../../support/screen.ts'
import { type Answer, problem, type Script, taskOf } from '../../support/scripted-hub.ts'

const A = '01K9Z0000000000000000000AA'
const B = '01K9Z0000000000000000000BB'
const C = '01K9Z0000000000000000000CC'

const at = '2026-11-30T08:00:01.000Z'
const running = (percent: number, message: string) => ({ status: 'running', progress: { percent, message, at } })
const times = { startedAt: '2026-11-30T08:00:00.000Z', stoppedAt: '2026-11-30T08:00:03.200Z' }

/** Each task goes through its states, one a look, and stays in the last. */
const lives = (
  table: Readonly<Record<string, readonly object[]>>,
  others: Script = () => problem(404, 'not-found', 'no'),
): Script => {
  const looks = new Map<string, number>()
  return (seen, count) => {
    const id = /^\/v1\/tasks\/([^/?]+)(?:\?|$)/.exec(seen.path)?.[1] ?? ''
    const states = table[id]
    if (states === undefined) return others(seen, count)
    const look = looks.get(id) ?? 0
    looks.set(id, look + 1)
    return { body: taskOf({ id, ...states[Math.min(look, states.length - 1)] }) }
  }
}

describe('watch, piped', () => {
  it('tells each change once, in a line, and exits by the end', async () => {
    const states = [
      {},
      running(10, 'reading'),
      running(10, 'reading'),
      running(60, 'evil\u001b[2J'),
      { status: 'succeeded' },
    ]
    await using cli = await startCli(lives({ [A]: states }))
    const ran = await cli.run(['watch', A])
    const start = `2026-11-30T08:00:00Z  ${A}  order.confirm@2`
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out.split('\n')).toEqual([
      `${start}  queued`,
      `${start}  running  10 %  reading`,
      `${start}  running  60 %  evil [2J`,
      `${start}  succeeded  100 %`,
      '',
    ])
    expect(cli.hub.seen[0]?.path).toBe(`/v1/tasks/${A}`)
    expect(cli.hub.seen[1]?.path).toBe(`/v1/tasks/${A}?wait=1`)
  })

  it('gives each change as JSON, one a line', async () => {
    await using cli = await startCli(lives({ [A]: [running(1, 'a'), running(1, 'a'), { status: 'canceled' }] }))
    const ran = await cli.run(['watch', A, '--json'], { isTerminal: true })
    expect(ran.code).toBe(7)
    const lines = ran.out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).status)).toEqual(['running', 'canceled'])
  })

  it.each([
    ['succeeded', 0],
    ['failed', 1],
    ['canceled', 7],
    ['expired', 8],
  ])('exits for a task that %s with %d', async (status, code) => {
    const error = { code: 'E', message: 'broke', retryable: false }
    await using cli = await startCli(lives({ [A]: [{ status, ...(status === 'failed' ? { error } : {}) }] }))
    const ran = await cli.run(['watch', A])
    expect(ran.code).toBe(code)
    expect(ran.out).toMatch(status === 'failed' ? /failed {2}E: broke\n$/ : new RegExp(`${status}.*\n$`))
  })

  it('of several exits by the first that did not succeed, in the order given', async () => {
    await using cli = await startCli(
      lives({ [A]: [{ status: 'succeeded' }], [B]: [{}, {}, { status: 'expired' }], [C]: [{ status: 'failed' }] }),
    )
    expect((await cli.run(['watch', A, B, C, A])).code).toBe(8)
    expect((await cli.run(['watch', A, C, B])).code).toBe(1)
  })

  it('one task that is not there does not end the watch of the others', async () => {
    await using cli = await startCli(lives({ [A]: [{}, { status: 'succeeded' }] }))
    const ran = await cli.run(['watch', B, A])
    expect(ran).toMatchObject({ code: 3, err: `${B}: no\n` })
    expect(ran.out).toMatch(/succeeded/)
    expect(await cli.run(['watch', B])).toMatchObject({ code: 3, out: '', err: 'taskurai: no\n' })
  })

  it('ends with 9 when the time is over, and says so', async () => {
    await using cli = await startCli(lives({ [A]: [{}] }))
    const ran = await cli.run(['watch', A, '--wait-seconds', '2'])
    expect(ran).toMatchObject({ code: 9, err: 'Still going on when the wait was over.\n' })
  })

  it('watches what a list has now', async () => {
    const list: Script = ({ path }) =>
      path.startsWith('/v1/tasks?')
        ? { body: { tasks: [taskOf({ id: A }), taskOf({ id: B })] } }
        : problem(404, 'not-found', 'no')
    await using cli = await startCli(lives({ [A]: [{ status: 'succeeded' }], [B]: [{ status: 'succeeded' }] }, list))
    const ran = await cli.run(['watch', '--command', 'order.confirm', '--status', 'running', '--limit', '2'])
    expect(ran.code).toBe(0)
    expect(cli.hub.seen[0]?.path).toBe('/v1/tasks?command=order.confirm&status=running&limit=2')
    await using none = await startCli(() => ({ body: { tasks: [] } }))
    expect(await none.run(['watch', '--status', 'running'])).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/nothing to watch/),
    })
  })

  it('a hub that restarts meanwhile is waited for', async () => {
    let looks = 0
    await using cli = await startCli((): Answer => {
      looks++
      if (looks > 1 && looks < 8) return problem(503, 'unavailable', 'starting')
      return { body: taskOf({ id: A, status: looks === 1 ? 'running' : 'succeeded' }) }
    })
    expect((await cli.run(['watch', A])).code).toBe(0)
  })

  it('a reader that goes away ends it quietly', async () => {
    await using cli = await startCli(lives({ [A]: Array.from({ length: 50 }, (_, percent) => running(percent, 'on')) }))
    const ran = await cli.run(['watch', A], { stdout: brokenPipe(2) })
    expect(ran).toMatchObject({ code: 9 })
    expect(cli.hub.seen.length).toBeLessThan(6)
  })

  it.each([
    ['nothing', ['watch'], /Give ids, or --command or --status/],
    ['ids and a list', ['watch', A, '--status', 'failed'], /and not both/],
    ['a limit for ids', ['watch', A, '--limit', '3'], /--limit is for/],
    ['too many', ['watch', ...Array(101).fill(A)], /At most 100/],
    ['a status that is none', ['watch', '--status', 'done'], /should be one of waiting, queued/],
    ['a wait that is none', ['watch', A, '--wait-seconds', 'x'], /--wait-seconds 'x'/],
  ])('refuses %s', async (_, words, message) => {
    await using cli = await startCli()
    expect(await cli.run(words)).toMatchObject({ code: 2, err: expect.stringMatching(message) })
    expect(cli.hub.seen).toHaveLength(0)
  })
})

describe('watch, on a terminal', () => {
  const terminal = (columns: number, rows?: number) => Object.assign(memoryStream(columns), { rows })

  it('writes one bar over and over, and leaves its last state', async () => {
    const states = [
      { subject: 'An order' },
      { ...running(25, 'reading'), startedAt: times.startedAt },
      { status: 'succeeded', ...times },
    ]
    await using cli = await startCli(lives({ [A]: states }))
    const stdout = terminal(80)
    const ran = await cli.run(['watch', A], { stdout, isTerminal: true, env: { NO_COLOR: '1' } })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(screenOf(stdout.text(), 80)).toEqual([`${A}  order.confirm@2`, `succeeded  ${'━'.repeat(40)}  100 %  3.2 s`])
    expect(stdout.text()).toContain(`${'━'.repeat(10)}${'─'.repeat(30)}   25 %`)
    expect(stdout.text()).toContain('reading')
  })

  it('paints by the status, unless told not to', async () => {
    const error = { code: 'E', message: 'broke', retryable: false }
    await using cli = await startCli(lives({ [A]: [{ status: 'failed', error }] }))
    const painted = terminal(80)
    await cli.run(['watch', A], { stdout: painted, isTerminal: true })
    expect(painted.text()).toContain('\u001b[31mfailed   \u001b[39m')
    const dumb = terminal(80)
    await cli.run(['watch', A], { stdout: dumb, isTerminal: true, env: { TERM: 'dumb' } })
    expect(dumb.text()).toBe(`2026-11-30T08:00:00Z  ${A}  order.confirm@2  failed  E: broke\n`)
  })

  it('gives each of several a line, and no more of them than fit the screen', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `01K9Z00000000000000000${1000 + index}`)
    await using cli = await startCli(lives(Object.fromEntries(ids.map((id) => [id, [{}, { status: 'succeeded' }]]))))
    const stdout = terminal(100, 10)
    await cli.run(['watch', ...ids], { stdout, isTerminal: true, env: { NO_COLOR: '1' } })
    const screen = screenOf(stdout.text(), 100)
    expect(screen).toHaveLength(8)
    expect(screen[0]).toBe(`${ids[0]}  succeeded  ━━━━━━━━━━  100 %  order.confirm@2`)
    expect(screen.at(-1)).toBe('… and 5 more')
    expect(Math.max(...screen.map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  it('submit --wait and get --wait show the bar, then the task', async () => {
    const task = { ...running(50, 'half'), startedAt: times.startedAt }
    await using cli = await startCli(lives({ [A]: [task, { status: 'succeeded', result: { output: 42 } }] }))
    const stdout = terminal(80)
    expect((await cli.run(['get', A, '--wait'], { stdout, isTerminal: true })).code).toBe(0)
    expect(stdout.text()).toContain('half')
    const screen = screenOf(stdout.text(), 80)
    expect(screen[1]).toMatch(/^succeeded {2}━{40} {2}100 %/)
    expect(screen.at(-1)).toBe('output   42')
  })
})

describe('a tree', () => {
  const node = (id: string, parentId?: string) => taskOf({ id, parentId }) as unknown as Task

  it('puts each task under its parent where that is there, and keeps the order otherwise', () => {
    const nodes = treeOf([node('b', 'a'), node('a'), node('c', 'b'), node('x', 'gone'), node('d', 'a')])
    expect(nodes.map(({ branch, task }) => branch + task.id)).toEqual(['a', '├─ b', '│  └─ c', '└─ d', 'x'])
  })

  it('is not led round in circles', () => {
    expect(treeOf([node('a', 'a')]).map(({ task }) => task.id)).toEqual(['a'])
    const circle = treeOf([node('a', 'b'), node('b', 'a')])
    expect(circle.map(({ branch, task }) => branch + task.id)).toEqual(['a', '└─ b'])
  })
})

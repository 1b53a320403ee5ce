import { expect, it } from 'vitest'
import { createOutput } from '#client/cli/output'
import { createLive } from '#client/cli/watch/live'
import { memoryStream, oneChunk, startCli } from '../../support/cli.ts'
import { screenOf } from '../../support/screen.ts'
import { type Answer, problem, type Script, type Seen, taskOf } from '../../support/scripted-hub.ts'

/** Watching a task that has sub tasks. */

const root = '01K9Z0000000000000000000AA'
const at = '2026-11-30T08:00:01.000Z'
const terminal = (columns: number, rows?: number) => Object.assign(memoryStream(columns), { rows })
const idOf = (number: number) => `01K9Z000000000000000000${String(number).padStart(3, '0')}`
const child = (number: number, more: object = {}) => taskOf({ id: idOf(number), parentId: root, ...more })
const running = (percent: number) => ({ status: 'running', progress: { percent, message: 'grinding', at } })

interface Family {
  /** The states of the watched task, one a look. */
  readonly looks: readonly object[]
  readonly children: (id: string, asked: number) => Answer
  readonly steps?: Answer
}

/** A hub with one family of tasks. */
function familyOf({ looks, children, steps = { body: { steps: [] } } }: Family): Script {
  let look = 0
  const asked = new Map<string, number>()
  return ({ path }) => {
    const [, id = '', rest] = /^\/v1\/tasks\/(\w+)(?:\/(\w+))?/.exec(path) ?? []
    if (rest === 'steps') return steps
    if (rest === 'children') {
      asked.set(id, (asked.get(id) ?? 0) + 1)
      return children(id, asked.get(id) ?? 0)
    }
    return { body: taskOf({ id: root, ...looks[Math.min(look++, looks.length - 1)] }) }
  }
}

async function watch(family: Family, { columns = 110, rows }: { columns?: number; rows?: number } = {}) {
  await using cli = await startCli(familyOf(family))
  const stdout = terminal(columns, rows)
  const ran = await cli.run(['watch', root], { stdout, isTerminal: true, env: { NO_COLOR: '1' } })
  return { ...ran, written: stdout.text(), screen: screenOf(stdout.text(), columns), seen: cli.hub.seen }
}

const askedFor = (seen: readonly Seen[], rest: string) => seen.filter(({ path }) => path.includes(`/${rest}`))
const namesOf = (screen: readonly string[]) => screen.map((line) => line.replace(/(\w{26}).*/, '$1'))

it('draws sub tasks with bars under their parent, and those under them', async () => {
  const { screen, written, code } = await watch({
    looks: [{ status: 'suspended' }, { status: 'succeeded' }],
    children: (id, asked) => {
      if (id === idOf(2)) return { body: { tasks: [child(3, { parentId: idOf(2), status: 'succeeded' })] } }
      const second = { history: [{ at, move: 'suspended' }], ...(asked === 1 ? running(50) : { status: 'succeeded' }) }
      return { body: { tasks: [child(1, { status: 'succeeded' }), child(2, second)] } }
    },
  })
  expect(code).toBe(0)
  expect(namesOf(screen)).toEqual([root, `├─ ${idOf(1)}`, `└─ ${idOf(2)}`, `   └─ ${idOf(3)}`])
  expect(screen.every((line) => line.includes('━'.repeat(20)))).toBe(true)
  expect(written).toMatch(/running {4}━{10}─{10} {3}50 %.*grinding/)
})

it('begins with one bar, and draws the tree once there are children', async () => {
  const { written } = await watch({
    looks: [running(5), running(10), { status: 'suspended' }, { status: 'suspended' }, { status: 'succeeded' }],
    children: (_, asked) => ({ body: { tasks: asked < 2 ? [] : [child(1)] } }),
  })
  expect(written.indexOf('─'.repeat(36))).toBeGreaterThan(0)
  expect(written.indexOf(`└─ ${idOf(1)}`)).toBeGreaterThan(written.indexOf('grinding'))
})

it('shows fifty of ten thousand, and counts the others by the steps', async () => {
  const first = Array.from({ length: 50 }, (_, index) => child(index))
  const { screen, seen } = await watch(
    {
      looks: [{ status: 'suspended' }, { status: 'suspended' }, { status: 'suspended' }, { status: 'succeeded' }],
      children: () => ({ body: { tasks: first, cursor: '50' } }),
      steps: { body: { steps: [{ id: 'all', kind: 'call', state: 'open', count: 10_000 }] } },
    },
    { rows: 100 },
  )
  expect(screen).toHaveLength(52)
  expect(screen.at(-1)).toBe('… and 9,950 more')
  expect(askedFor(seen, 'children').every(({ path }) => path === `/v1/tasks/${root}/children?limit=50`)).toBe(true)
  // Once when there were more than a page, and once at the end.
  expect(askedFor(seen, 'steps')).toHaveLength(2)
})

it('says in one line how many do not fit the screen, those that were not asked for among them', async () => {
  const first = Array.from({ length: 50 }, (_, index) => child(index))
  const family = {
    looks: [{ status: 'succeeded' }],
    children: () => ({ body: { tasks: first, cursor: '50' } }),
    steps: { body: { steps: [{ id: 'all', kind: 'call', state: 'open', count: 10_000 }] } },
  }
  const { screen } = await watch(family, { rows: 24 })
  expect(screen).toHaveLength(22)
  expect(screen.at(-1)).toBe('… and 9,980 more')
  const uncounted = await watch({ ...family, steps: problem(403, 'forbidden', 'no') }, { rows: 24 })
  expect(uncounted.screen.at(-1)).toBe('… and 30 or more')
  const tall = await watch({ ...family, steps: problem(403, 'forbidden', 'no') }, { rows: 90 })
  expect(tall.screen.at(-1)).toBe('… and more')
  const made = { id: 'made', kind: 'create', state: 'done', count: 70 }
  const partly = { body: { steps: [made, { id: 'all', kind: 'call', state: 'open' }] } }
  expect((await watch({ ...family, steps: partly }, { rows: 90 })).screen.at(-1)).toBe('… and 20 or more')
})

it('asks for children once a second at most, and does not ask leaves', async () => {
  const ended = Array.from({ length: 20 }, (_, index) => child(index, { status: 'succeeded' }))
  const { seen } = await watch({
    looks: [...Array.from({ length: 12 }, () => ({ status: 'suspended' })), { status: 'succeeded' }],
    children: () => ({ body: { tasks: ended } }),
  })
  const asked = askedFor(seen, 'children')
  const looks = seen.length - asked.length
  expect(looks).toBe(13)
  // The looks of this clock are a quarter of a second apart at first: several go by between two questions.
  expect(asked.length).toBeLessThan(looks)
  expect(asked.every(({ path }) => path.includes(root))).toBe(true)
})

it('asks few of many parents at a time, all in turn, and none again whose family has ended', async () => {
  const parents = Array.from({ length: 30 }, (_, index) =>
    child(index, { status: index === 0 ? 'succeeded' : 'suspended', history: [{ at, move: 'suspended' }] }),
  )
  const rounds: string[][] = []
  const { seen } = await watch({
    looks: [...Array.from({ length: 40 }, () => ({ status: 'suspended' })), { status: 'canceled' }],
    children: (id) => {
      if (id === root) rounds.push([])
      else rounds.at(-1)?.push(id)
      return { body: { tasks: id === root ? parents : [] } }
    },
  })
  const polls = rounds.slice(0, -1)
  expect(Math.max(...polls.map(({ length }) => length))).toBeLessThan(10)
  expect(new Set(polls.flat()).size).toBe(30)
  expect(askedFor(seen, idOf(0))).toHaveLength(1)
})

it('a hub without sub tasks, or a key that may not ask, is asked for them once', async () => {
  for (const refusal of [problem(404, 'not-found', 'no'), problem(403, 'forbidden', 'no')]) {
    const looks = [{}, {}, {}, {}, {}, {}, {}, {}, { status: 'succeeded' }]
    const { seen, code } = await watch({ looks, children: () => refusal })
    expect(code).toBe(0)
    expect(askedFor(seen, 'children')).toHaveLength(1)
  }
})

it('a hub that cannot answer for a moment leaves the tree as it was', async () => {
  const looks = [...Array.from({ length: 12 }, () => ({ status: 'suspended' })), { status: 'succeeded' }]
  const { screen, code } = await watch({
    looks,
    children: (_, asked) => (asked === 1 ? { body: { tasks: [child(1)] } } : problem(503, 'unavailable', 'busy')),
  })
  expect(code).toBe(0)
  expect(namesOf(screen)).toEqual([root, `└─ ${idOf(1)}`])
})

it('a task watched beside its parent is drawn once, as newest seen', async () => {
  const script: Script = ({ path }) => {
    if (path.includes('/children')) return { body: { tasks: path.includes(root) ? [child(1, running(1))] : [] } }
    return { body: path.includes(root) ? taskOf({ id: root, status: 'succeeded' }) : child(1, { status: 'succeeded' }) }
  }
  await using cli = await startCli(script)
  const stdout = terminal(110)
  await cli.run(['watch', root, idOf(1)], { stdout, isTerminal: true, env: { NO_COLOR: '1' } })
  const screen = screenOf(stdout.text(), 110)
  expect(namesOf(screen)).toEqual([root, `└─ ${idOf(1)}`])
  expect(screen[1]).toContain('succeeded')
})

it.each([
  [8, 0, false, undefined],
  [9, 0, false, '… and 2 more'],
  [8, 5, false, '… and 6 more'],
  [7, 5, false, '… and 5 more'],
  [7, 0, true, '… and more'],
])('of %i lines and %i besides (more: %s) a screen of ten ends with %s', async (count, besides, isMore, last) => {
  const stdout = terminal(80, 10)
  const world = { argv: [], stdout, stderr: memoryStream(), stdin: oneChunk(''), env: {}, cwd: '/', version: '1' }
  const lines = Array.from({ length: count }, (_, index) => `line ${index}`)
  await createLive(createOutput({ ...world, isTerminal: true }, false)).draw(lines, { count: besides, isMore })
  const screen = screenOf(stdout.text(), 80)
  expect(screen.length).toBeLessThanOrEqual(8)
  expect(screen.at(-1)).toBe(last ?? lines.at(-1))
})

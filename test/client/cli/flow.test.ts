import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { memoryStream, oneChunk, startCli } from '../../support/cli.ts'
import { type Answer, problem, type Script, taskOf } from '../../support/scripted-hub.ts'

/** Steps, sub tasks, signals and dependencies on the command line. */

const ID = '01K9Z0000000000000000000AB'
const P = '01K9Z0000000000000000000PP'
const R = '01K9Z0000000000000000000RR'

const routes =
  (table: Readonly<Record<string, Answer>>): Script =>
  ({ method, path }) =>
    table[`${method} ${path.split('?')[0]}`] ?? problem(404, 'not-found', `no ${method} ${path} here`)

const time = (seconds: number) => `2026-11-30T08:00:0${seconds}.500Z`
const steps = [
  {
    id: 'charge card',
    kind: 'step',
    state: 'done',
    startedAt: time(1),
    endedAt: time(3),
    tries: 2,
    output: { ok: true },
  },
  {
    ...{ id: 'ship', kind: 'step', state: 'failed', startedAt: time(3), endedAt: time(4), tries: 5 },
    error: { code: 'no-stock', message: 'sold\u001b[2J out', retryable: false },
  },
  { id: 'render', kind: 'call', state: 'done', endedAt: time(5), count: 100 },
  { id: 'wait', kind: 'wait', state: 'open', startedAt: time(5), waitsFor: 'sub tasks of render' },
  { id: 'approval', kind: 'signal', state: 'open', startedAt: time(6), waitsFor: 'signal approved', until: time(9) },
  { id: 'nap', kind: 'sleep', state: 'open', startedAt: time(6), until: time(9) },
  { id: 'mail', kind: 'step', state: 'open', startedAt: time(6), until: time(9) },
]

describe('steps', () => {
  const script = routes({ [`GET /v1/tasks/${ID}/steps`]: { body: { steps } } })

  it('tells in a table what is done, why one failed, and what each open one waits for', async () => {
    await using cli = await startCli(script)
    const now = () => Date.parse('2026-11-30T08:03:26.500Z')
    const ran = await cli.run(['steps', ID], { client: { now } })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out.split('\n')).toEqual([
      'STEP         KIND    STATE   STARTED                     TOOK  TRIES  NOTE',
      'charge card  step    done    2026-11-30T08:00:01Z       2.0 s      2',
      'ship         step    failed  2026-11-30T08:00:03Z       1.0 s      5  no-stock: sold [2J out',
      'render       call    done                                             100 sub tasks',
      'wait         wait    open    2026-11-30T08:00:05Z  3 min 21 s         sub tasks of render',
      'approval     signal  open    2026-11-30T08:00:06Z  3 min 20 s         signal approved, until 2026-11-30T08:00:09Z',
      'nap          sleep   open    2026-11-30T08:00:06Z  3 min 20 s         until 2026-11-30T08:00:09Z',
      'mail         step    open    2026-11-30T08:00:06Z  3 min 20 s         its next try, until 2026-11-30T08:00:09Z',
      '',
    ])
    expect(cli.hub.seen).toMatchObject([{ path: `/v1/tasks/${ID}/steps`, isSigned: false }])
  })

  it('fits a terminal, with colours by the state', async () => {
    await using cli = await startCli(script)
    const stdout = memoryStream(72)
    await cli.run(['steps', ID], { stdout, isTerminal: true })
    expect(stdout.text()).toContain('\u001b[31mfailed\u001b[39m')
    const lines = stripVTControlCharacters(stdout.text()).split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(72)
  })

  it('gives all of it as JSON', async () => {
    await using cli = await startCli(script)
    expect(JSON.parse((await cli.run(['steps', ID, '--json'])).out)).toEqual({ steps })
  })

  it('says so where there are none, and where there is no such task', async () => {
    await using cli = await startCli(routes({ [`GET /v1/tasks/${ID}/steps`]: { body: { steps: [] } } }))
    expect(await cli.run(['steps', ID])).toEqual({
      ...{ code: 0, out: '', err: 'The task remembers no steps, and waits in none.\n' },
    })
    expect((await cli.run(['steps', ID, '--json'])).out).toBe('{"steps":[]}\n')
    expect((await cli.run(['steps', P])).code).toBe(3)
  })
})

describe('children', () => {
  const pages: Script = ({ path }) => {
    const from = Number(/cursor=(\d+)/.exec(path)?.[1] ?? 0)
    const tasks = [1, 2].map((index) => taskOf({ id: `01K9Z00000000000000000000${from + index}`, parentId: ID }))
    return { body: from >= 4 ? { tasks: [] } : { tasks, cursor: String(from + 2) } }
  }

  it('lists a page, and tells how to go on', async () => {
    await using cli = await startCli(pages)
    const { code, out, err } = await cli.run(['children', ID, '--limit', '2'])
    expect({ code, rows: out.trim().split('\n').length }).toEqual({ code: 0, rows: 3 })
    expect(err).toBe('There are more: add --cursor 2, or --all.\n')
    expect(cli.hub.seen[0]?.path).toBe(`/v1/tasks/${ID}/children?limit=2`)
    const json = JSON.parse((await cli.run(['children', ID, '--cursor', '2', '--json'])).out)
    expect(json).toMatchObject({ tasks: [{ parentId: ID }, { parentId: ID }], cursor: '4' })
    expect(cli.hub.seen[1]?.path).toBe(`/v1/tasks/${ID}/children?cursor=2`)
  })

  it('lists all in one table, or one a line as JSON', async () => {
    await using cli = await startCli(pages)
    const human = await cli.run(['children', ID, '--all'])
    expect(human.out.trim().split('\n')).toHaveLength(5)
    expect(human.out.match(/STATUS/g)).toHaveLength(1)
    expect(cli.hub.seen[1]?.path).toBe(`/v1/tasks/${ID}/children?cursor=2&limit=100`)
    const json = await cli.run(['children', ID, '--all', '--json'])
    expect(
      json.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id.at(-1)),
    ).toEqual(['1', '2', '3', '4'])
  })

  it('refuses a limit beyond the page, and exits with 3 where there is no such task', async () => {
    await using cli = await startCli(() => problem(404, 'not-found', 'there is no task'))
    expect((await cli.run(['children', ID, '--limit', '101'])).code).toBe(2)
    expect(cli.hub.seen).toHaveLength(0)
    expect(await cli.run(['children', ID])).toMatchObject({ code: 3, err: 'taskurai: there is no task\n' })
  })
})

describe('signal', () => {
  const path = `POST /v1/tasks/${ID}/signals/approved`
  const sent = { taskId: ID, name: 'approved', id: R }

  it('sends data from the command line, from a file, from standard input, or none', async () => {
    await using cli = await startCli(routes({ [path]: { status: 202, body: sent } }))
    await writeFile(join(cli.cwd, 'data.json'), '{"from":"file"}')
    const words = ['signal', ID, 'approved']
    expect(await cli.run([...words, '--data', '{"by":"Ada"}', '--signal-id', 'my own'])).toEqual({
      ...{ code: 0, out: `signal approved is with task ${ID}\n`, err: '' },
    })
    await cli.run([...words, '--data-file', 'data.json'])
    await cli.run([...words, '--data-file', '-'], { stdin: oneChunk('[1]') })
    expect(JSON.parse((await cli.run([...words, '--json'])).out)).toEqual(sent)
    expect(cli.hub.seen.map(({ body }) => body)).toEqual([
      { data: { by: 'Ada' }, id: 'my own' },
      { data: { from: 'file' } },
      { data: [1] },
      {},
    ])
    expect(cli.hub.seen.every(({ headers }) => headers['idempotency-key'] !== undefined)).toBe(true)
  })

  it.each([
    ['no name', ['signal', ID], /missing required argument 'name'/],
    ['data that is no JSON', ['signal', ID, 'a', '--data', '{by:1}'], /The data cannot be read as JSON.*\nQuote it/],
    ['a file that is not there', ['signal', ID, 'a', '--data-file', 'none.json'], /none\.json cannot be read/],
    ['both', ['signal', ID, 'a', '--data', '1', '--data-file', '-'], /and not both/],
  ])('refuses %s before anything is sent', async (_, words, message) => {
    await using cli = await startCli()
    expect(await cli.run(words)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
    expect(cli.hub.seen).toHaveLength(0)
  })

  it('exits with 5 where the task has ended, and tells what does not fit', async () => {
    const detail = 'the task is failed: nobody waits for a signal any more'
    await using cli = await startCli(() => problem(409, 'conflict', detail))
    expect(await cli.run(['signal', ID, 'approved'])).toMatchObject({ code: 5, err: `taskurai: ${detail}\n` })
    const issues = [{ field: '/data/by', message: 'must be string' }]
    await using unfit = await startCli(() => problem(422, 'invalid', 'Unfit', { issues }))
    expect(await unfit.run(['signal', ID, 'approved', '--data', '{"by":1}'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('/data/by: must be string'),
    })
  })
})

describe('submit', () => {
  const batch = '/v1/tasks/batch'
  const accepts: Script = ({ path, body }) => {
    if (!path.endsWith('/batch')) return { status: 202, body: taskOf({ status: 'waiting' }) }
    const { tasks } = body as { tasks: readonly unknown[] }
    return { status: 202, body: { tasks: tasks.map((_, index) => ({ id: `01K9Z00000000000000000000${index}` })) } }
  }
  const dag = [
    { command: 'report.collect', ref: 'data', arguments: { day: 1 } },
    { command: 'report.mail', dependsOn: ['data', ID], onDependencyFailure: 'continue' },
  ]

  it('names what a task depends on, and whether it starts after a failure', async () => {
    await using cli = await startCli(accepts)
    const words = ['submit', 'report.mail', '--depends-on', P, '--depends-on', R]
    expect((await cli.run([...words, '--on-dependency-failure', 'continue'])).code).toBe(0)
    expect(cli.hub.seen[0]?.body).toEqual({ dependsOn: [P, R], onDependencyFailure: 'continue' })
    expect(await cli.run([...words, '--on-dependency-failure', 'ignore'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--on-dependency-failure 'ignore' should be one of fail, continue/),
    })
  })

  it.each([
    ['an array', dag],
    ['the body of the API', { tasks: dag }],
  ])('a file of tasks goes as it is, as %s', async (_, content) => {
    await using cli = await startCli(accepts)
    await writeFile(join(cli.cwd, 'dag.json'), JSON.stringify(content))
    const ran = await cli.run(['submit', '--file', 'dag.json', '--key', 'night-1'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out.split('\n')).toEqual([
      'ID                          REF   COMMAND',
      '01K9Z000000000000000000000  data  report.collect',
      '01K9Z000000000000000000001        report.mail',
      '',
    ])
    expect(cli.hub.seen[0]).toMatchObject({
      path: batch,
      headers: { 'idempotency-key': 'night-1' },
      body: { tasks: dag },
    })
  })

  it('a file of tasks comes by standard input as well, and is told as JSON', async () => {
    await using cli = await startCli(accepts)
    const ran = await cli.run(['submit', '--file', '-', '--json'], { stdin: oneChunk(JSON.stringify(dag)) })
    expect(JSON.parse(ran.out)).toEqual({
      tasks: [
        { id: '01K9Z000000000000000000000', ref: 'data', command: 'report.collect' },
        { id: '01K9Z000000000000000000001', command: 'report.mail' },
      ],
    })
    const plain = await cli.run(['submit', '--file', '-'], { stdin: oneChunk('[{"command":"a"}]') })
    expect(plain.out).toMatch(/^ID +COMMAND\n/)
  })

  it.each([
    ['nothing in it', '[]', [], /dag\.json should hold tasks/],
    ['something else in it', '{"a":1}', [], /dag\.json should hold tasks/],
    [
      'a task without command',
      '[{"command":"a"},{"ref":"x"}]',
      [],
      /Task 1 of dag\.json should be an object with a "command"/,
    ],
    ['no JSON', 'holiday', [], /dag\.json cannot be read as JSON/],
    ['more files', '[]', ['--file', 'dag.json'], /is one file of tasks/],
    [
      'what is for one task',
      '[{"command":"a"}]',
      ['--depends-on', P],
      /--depends-on is for one task: say it in the file/,
    ],
    ['a wait', '[{"command":"a"}]', ['--wait'], /--wait is for one task/],
  ])('refuses a file of tasks with %s', async (_, content, more, message) => {
    await using cli = await startCli()
    await writeFile(join(cli.cwd, 'dag.json'), content)
    const ran = await cli.run(['submit', '--file', 'dag.json', ...more])
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
    expect(cli.hub.seen).toHaveLength(0)
  })

  it('refuses a graph that does not go in one request', async () => {
    await using cli = await startCli()
    const tasks = Array.from({ length: 501 }, (_, index) => ({ command: 'a', ref: `r${index}` }))
    await writeFile(join(cli.cwd, 'dag.json'), JSON.stringify(tasks))
    expect(await cli.run(['submit', '--file', 'dag.json'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/has 501 tasks, at most 500/),
    })
  })
})

describe('get', () => {
  const getPath = `GET /v1/tasks/${ID}`
  const flow = {
    ...{ parentId: P, rootId: R, onParentEnd: 'detach', dependencies: 3, onDependencyFailure: 'continue' },
    ...{ status: 'suspended', runCount: 2, waitingFor: { kind: 'step', message: 'signal approved', until: time(9) } },
  }

  it('shows where a task belongs, what it waits for, and how to see its steps', async () => {
    await using cli = await startCli(
      routes({ [getPath]: { body: taskOf(flow) }, [`GET /v1/tasks/${ID}/steps`]: { body: { steps } } }),
    )
    const lines = (await cli.run(['get', ID])).out.split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'waiting for  signal approved, until 2026-11-30T08:00:09Z',
        `parent       ${P} (goes on when that has ended)`,
        `root         ${R}`,
        'depends on   3 tasks; starts even if one of them fails',
        `steps        7, 4 open: taskurai steps ${ID}`,
        `sub tasks    100: taskurai children ${ID}`,
      ]),
    )
  })

  it('does not make up a number where a step does not tell how many sub tasks it made', async () => {
    const made = [{ id: 'render', kind: 'call', state: 'open' }]
    await using cli = await startCli(
      routes({ [getPath]: { body: taskOf(flow) }, [`GET /v1/tasks/${ID}/steps`]: { body: { steps: made } } }),
    )
    expect((await cli.run(['get', ID])).out).toMatch(/\nsub tasks +taskurai children 01K9/)
  })

  it('says nothing of it for a task by itself, nor where steps cannot be asked for', async () => {
    await using cli = await startCli(routes({ [getPath]: { body: taskOf({ rootId: ID, runCount: 1 }) } }))
    const { code, out, err } = await cli.run(['get', ID])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).not.toMatch(/parent|root|depends|steps|sub tasks/)
  })

  it('does not ask for the steps of a task that never ran, nor for a program', async () => {
    await using cli = await startCli(routes({ [getPath]: { body: taskOf({ dependencies: 1, status: 'waiting' }) } }))
    expect((await cli.run(['get', ID])).out).toMatch(/depends on +1 task\n/)
    await using running = await startCli(routes({ [getPath]: { body: taskOf(flow) } }))
    expect(JSON.parse((await running.run(['get', ID, '--json'])).out)).toEqual(taskOf(flow))
    for (const { hub } of [cli, running]) expect(hub.seen).toHaveLength(1)
  })
})

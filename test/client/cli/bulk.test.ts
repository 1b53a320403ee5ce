import { describe, expect, it } from 'vitest'
import { startCli } from '../../support/cli.ts'
import { problem, type Script, taskOf } from '../../support/scripted-hub.ts'

const id = '01K9Z0000000000000000000BK'
const bulk = taskOf({ id, command: 'taskurai.bulk', worker: 'taskurai', version: 1, status: 'running' })
const output = { action: 'cancel', dryRun: true, looked: 7, changed: 7, skipped: {}, failed: 0, firstIds: [] }

const hub: Script = ({ method, path }) => {
  if (method === 'POST' && path === '/v1/bulk') return { status: 202, body: bulk }
  if (path.startsWith(`/v1/tasks/${id}`)) return { body: { ...bulk, status: 'succeeded', result: { output } } }
  if (method === 'GET' && path.startsWith('/v1/tasks')) return { body: { tasks: [] } }
  return problem(404, 'not-found', `no ${method} ${path} here`)
}

describe('bulk', () => {
  it('says what it will do, and how to follow and stop it', async () => {
    await using cli = await startCli(hub)
    const words = ['bulk', 'cancel', '--command', 'order.mail', '--tag', 'desk:two', '--tag', 'b=c:d', '--user', 'u-1']
    const ran = await cli.run([...words, '--reason', 'sent twice'])
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(id) })
    expect(ran.err).toContain('Cancels every task with command order.mail, tags desk:two b:c:d, userId u-1')
    expect(ran.err).toContain(`taskurai watch ${id}`)
    expect(cli.hub.seen.at(-1)).toMatchObject({
      ...{ method: 'POST', path: '/v1/bulk', isSigned: true },
      headers: { 'idempotency-key': expect.stringMatching(/^[0-9A-Z]{26}$/) },
      body: {
        action: 'cancel',
        filter: { command: 'order.mail', tags: ['desk:two', 'b:c:d'], userId: 'u-1' },
        reason: 'sent twice',
      },
    })
  })

  it('--wait waits for its end and shows the counts; --json is for programs', async () => {
    await using cli = await startCli(hub)
    const ran = await cli.run(['bulk', 'erase', '--account', 'a-1', '--dry-run', '--wait'])
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('"looked": 7') })
    expect(ran.err).toContain('Counts only. Deletes every task with accountId a-1')
    const json = await cli.run(['bulk', 'retry', '--status', 'failed', '--from', '2026-11-30', '--wait', '--json'])
    expect(JSON.parse(json.out).result.output).toEqual(output)
    expect(cli.hub.seen.filter(({ path }) => path === '/v1/bulk').map(({ body }) => body)).toEqual([
      { action: 'erase', filter: { accountId: 'a-1' }, dryRun: true },
      { action: 'retry', filter: { status: 'failed', from: '2026-11-30T00:00:00.000Z' } },
    ])
  })

  it.each([
    [['bulk', 'cancel'], /Name at least one of --command/],
    [['bulk', 'cancel', '--tag', 'desk'], /should be key:value/],
    [['bulk', 'cancel', '--tag', 'a:1', '--tag', 'a:2'], /one value/],
    [['bulk', 'retry', '--status', 'done'], /should be one of waiting/],
    [['bulk', 'drop', '--user', 'u'], /unknown command/],
  ])('%j: a wrong call, before anything is sent', async (words, message) => {
    await using cli = await startCli(hub)
    expect(await cli.run(words)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
    expect(cli.hub.seen).toEqual([])
  })
})

it('list takes the same options, each into its own parameter', async () => {
  await using cli = await startCli(hub)
  const words = [
    '--tag',
    'desk:two',
    '--tag',
    'region=eu',
    '--external-id',
    'o 1',
    '--user',
    'u',
    '--account',
    'a',
    '--correlation',
    'c',
  ]
  expect(await cli.run(['list', ...words, '--limit', '5'])).toMatchObject({ code: 0 })
  const { searchParams } = new URL(cli.hub.seen.at(-1)?.path ?? '', 'http://hub')
  expect([...searchParams]).toEqual([
    ['externalId', 'o 1'],
    ['userId', 'u'],
    ['accountId', 'a'],
    ['correlationId', 'c'],
    ['tag', 'desk:two'],
    ['tag', 'region:eu'],
    ['limit', '5'],
  ])
  expect(cli.hub.seen.at(-1)?.isSigned).toBe(true)
})

describe('directory rebuild', () => {
  const rebuilt = { tasks: 3, rows: 7 }

  it('of a folder: hands it on, and tells how much it was', async () => {
    await using cli = await startCli()
    const asked: unknown[] = []
    const rebuildFolder = async () => async (options: { readonly dataFolder: string }) => {
      asked.push(options.dataFolder)
      return { kind: 'rebuilt', progress: rebuilt } as const
    }
    expect(await cli.run(['directory', 'rebuild', '--data', 'hub'], { rebuildFolder })).toMatchObject({
      ...{ code: 0, out: '3 tasks, 7 rows\n' },
    })
    const json = await cli.run(['directory', 'rebuild', '--json'], { rebuildFolder, env: { TASKURAI_DATA: '/there' } })
    expect(JSON.parse(json.out)).toEqual(rebuilt)
    expect(asked).toEqual([`${cli.cwd}/hub`, '/there'])
    const refuse = async () => async () => ({ kind: 'refused', message: 'another hub has it' }) as const
    const refused = await cli.run(['directory', 'rebuild'], { rebuildFolder: refuse })
    expect(refused).toMatchObject({ code: 5, err: expect.stringContaining('another hub has it') })
  })

  it('of a table: with its shards, and lines of progress', async () => {
    await using cli = await startCli()
    let now = 0
    const asked: unknown[] = []
    const rebuildTable =
      async () =>
      async ({ onProgress, ...options }: { onProgress: (at: typeof rebuilt) => void }) => {
        asked.push(options)
        for (; now < 5_000; now += 1_000) onProgress({ tasks: now, rows: 2 * now })
        return rebuilt
      }
    const words = ['directory', 'rebuild', '--table', 'acme', '--region', 'eu-west-1', '--shards', '8']
    const ran = await cli.run(words, { rebuildTable, client: { now: () => now } })
    expect(ran).toMatchObject({ code: 0, out: '3 tasks, 7 rows\n' })
    expect(ran.err).toBe('so far 2000 tasks, 4000 rows\nso far 4000 tasks, 8000 rows\n')
    expect(asked).toEqual([{ table: 'acme', region: 'eu-west-1', shards: 8 }])
  })

  it.each([
    [['--table', 'acme'], /needs --shards/],
    [['--table', 'acme', '--shards', '0'], /from 1 to 256/],
    [['--table', 'acme', '--shards', '4', '--data', 'x'], /one hub at a time/],
    [['--shards', '4'], /go with --table/],
    [['--data', 'x'], /client only/],
  ])('%j: a wrong call', async (words, message) => {
    await using cli = await startCli()
    const ran = await cli.run(['directory', 'rebuild', ...words])
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
  })
})

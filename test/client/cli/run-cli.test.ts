import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { CliWorld, ServeOptions } from '#client/cli/run-cli'
import { brokenPipe, memoryStream, oneChunk, startCli } from '../../support/cli.ts'
import { type Answer, problem, type Script, taskOf } from '../../support/scripted-hub.ts'

const ID = '01K9Z0000000000000000000AB'

const worker = (fields: object = {}) => ({
  name: 'orders',
  commands: [{ name: 'order.confirm', version: 2 }],
  ...{ instances: 0, starting: 0, freeSlots: 0, backlog: 1, paused: false, concurrency: 4 },
  scaling: { min: 0, max: 2, tasksPerInstance: 20 },
  ...fields,
})

/** Answers by method and path without the query. */
const routes =
  (table: Readonly<Record<string, Answer | ((count: number) => Answer)>>): Script =>
  ({ method, path }, count) => {
    const answer = table[`${method} ${path.split('?')[0]}`]
    if (answer === undefined) return problem(404, 'not-found', `no ${method} ${path} here`)
    return typeof answer === 'function' ? answer(count) : answer
  }

const submitPath = 'POST /v1/commands/order.confirm/tasks'
const getPath = `GET /v1/tasks/${ID}`

describe('submit', () => {
  it('sends all that was said and prints the task in a line, or as JSON', async () => {
    await using cli = await startCli(routes({ [submitPath]: { status: 202, body: taskOf() } }))
    const words = [
      'submit',
      'order.confirm@2',
      '{"orderId":"1"}',
      '--subject',
      'Grüße',
      '--external-id',
      'X',
      '--key',
      'k',
    ]
    const more = [
      '--tag',
      'a=1',
      '--tag',
      'b=x=y',
      '--start-after',
      '2h',
      '--timeout-seconds',
      '30',
      '--isolation-key',
      'ann',
    ]
    const human = await cli.run([...words, ...more])
    expect(human).toEqual({ code: 0, out: `${ID}  order.confirm@2  queued\n`, err: '' })
    expect(cli.hub.seen[0]).toMatchObject({ isSigned: true, headers: { 'idempotency-key': 'k' } })
    expect(cli.hub.seen[0]?.body).toEqual({
      arguments: { orderId: '1' },
      ...{ version: 2, subject: 'Grüße', externalId: 'X', timeoutSeconds: 30 },
      tags: { a: '1', b: 'x=y' },
      startAfter: { seconds: 7_200 },
      isolationKey: 'ann',
    })
    const json = await cli.run([...words, '--json'])
    expect(json).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(json.out)).toEqual(taskOf())
  })

  it('reads the arguments from a file, from standard input, or sends none', async () => {
    await using cli = await startCli(routes({ [submitPath]: { status: 202, body: taskOf() } }))
    await writeFile(join(cli.cwd, 'order.json'), '{"from":"file"}')
    await cli.run(['submit', 'order.confirm', '@order.json'])
    await cli.run(['submit', 'order.confirm', '-'], { stdin: oneChunk('{"from":"pipe"}') })
    await cli.run(['submit', 'order.confirm'])
    expect(cli.hub.seen.map(({ body }) => body)).toEqual([
      { arguments: { from: 'file' } },
      { arguments: { from: 'pipe' } },
      {},
    ])
  })

  it.each([
    [
      'JSON that is none',
      ['submit', 'a', '{orderId:1}'],
      /arguments cannot be read as JSON: .*\nQuote it for the shell/,
    ],
    ['a file that is not there', ['submit', 'a', '@none.json'], /none\.json cannot be read/],
    ['empty input', ['submit', 'a', '-'], /standard input cannot be read as JSON/],
    ['a version that is none', ['submit', 'a@b'], /'a@b' is not a command.*order\.confirm@2/],
    ['a tag without value', ['submit', 'a', '--tag', 'x'], /tag 'x' should be key=value/],
    ['a time that is none', ['submit', 'a', '--start-after', 'soon'], /--start-after 'soon' should be.*90s/],
    [
      'a number that is none',
      ['submit', 'a', '--wait-seconds', '1.5'],
      /--wait-seconds '1\.5' should be a number from 0/,
    ],
    ['a key that cannot be sent', ['submit', 'a', '--key', 'a b'], /idempotency key/],
    ['no command', ['submit'], /missing required argument 'command'/],
    ['an option that is none', ['submit', 'a', '--subjet', 'x'], /unknown option '--subjet'[\s\S]*--subject/],
    ['a command that is none', ['submt'], /unknown command 'submt'[\s\S]*submit/],
    ['nothing', [], /Usage: taskurai/],
    ['a status that is none', ['list', '--status', 'done'], /--status 'done' should be one of waiting, queued/],
    ['a limit beyond the page', ['list', '--limit', '101'], /number from 1 to 100/],
    ['an instant that is none', ['list', '--from', 'yesterday'], /--from 'yesterday' should be an instant/],
    ['no id', ['cancel'], /missing required argument/],
    ['a module that is not there', ['serve', '--worker', './none.ts'], /There is no file .*none\.ts/],
    ['a port that is none', ['serve', '--port', '70000'], /--port '70000' should be a number from 0 to 65535/],
    ['a part that is not installed', ['serve'], /client only/],
    [
      'an endpoint that is none',
      ['workers', '--endpoint', 'nonsense'],
      /'nonsense' \(the option endpoint\) is not a URL/,
    ],
  ])('refuses %s with exit code 2 before anything is sent', async (_, words, message) => {
    await using cli = await startCli()
    const ran = await cli.run(words)
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
    const inJson = await cli.run([...words, '--json'])
    if (inJson.code === 2 && !ran.err.startsWith('Usage')) {
      const line = JSON.parse(inJson.err)
      expect(line.error).toMatchObject({ code: 'bad-call' === line.error.code ? 'bad-call' : 'no-connection' })
    }
    expect(cli.hub.seen).toHaveLength(0)
  })

  it('tells an unknown command and a field that does not fit in the words of the hub', async () => {
    const detail = 'No worker has registered "a". Registered: order.confirm'
    await using unknown = await startCli(() => problem(422, 'unknown-command', detail))
    expect(await unknown.run(['submit', 'a'])).toEqual({
      code: 2,
      out: '',
      err: `taskurai: ${detail}\nSee what can be submitted with: taskurai commands\n`,
    })
    const issues = [{ field: '/arguments/email', message: 'is no address' }]
    await using unfit = await startCli(() => problem(422, 'invalid-arguments', 'Unfit', { issues }))
    expect((await unfit.run(['submit', 'a'])).err).toContain('Unfit\n/arguments/email: is no address\n')
    const { err, code } = await unfit.run(['submit', 'a', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(err)).toEqual({ error: { code: 'invalid-arguments', status: 422, message: 'Unfit', issues } })
  })

  it.each([
    ['succeeded', 0],
    ['failed', 1],
    ['canceled', 7],
    ['expired', 8],
  ])('--wait prints the task that %s and exits with %d', async (status, code) => {
    const ended = taskOf({
      status,
      result: { output: { pages: 3 } },
      error: { code: 'E', message: 'broke', retryable: false },
    })
    await using cli = await startCli(
      routes({
        [submitPath]: { status: 202, body: taskOf() },
        'GET /v1/workers/orders': { body: worker({ instances: 1 }) },
        [getPath]: { body: ended },
      }),
    )
    const human = await cli.run(['submit', 'order.confirm', '--wait'])
    expect(human).toMatchObject({ code, err: `${ID}  order.confirm@2  queued\n` })
    expect(human.out).toMatch(new RegExp(`status +${status} `))
    expect(human.out).toMatch(/error +E: broke/)
    expect(human.out).toMatch(/output +\{\n +"pages": 3\n +\}/)
    const json = await cli.run(['submit', 'order.confirm', '--wait', '--json'])
    expect(json.code).toBe(code)
    expect(JSON.parse(json.out)).toMatchObject({ status })
  })

  it('--wait says that an instance is starting when there is none, and exits with 9 when its time is over', async () => {
    await using cli = await startCli(
      routes({
        [submitPath]: { status: 202, body: taskOf() },
        'GET /v1/workers/orders': { body: worker() },
        [getPath]: { body: taskOf() },
      }),
    )
    const ran = await cli.run(['submit', 'order.confirm', '--wait-seconds', '1'])
    expect(ran.code).toBe(9)
    expect(ran.err).toContain('starting an instance of worker orders\n')
    expect(ran.err).toContain(`Still queued when the wait was over; go on with: taskurai get ${ID} --wait`)
  })

  it('--wait says that the worker is paused, and does not mind a key that may not look', async () => {
    const table = {
      [submitPath]: { status: 202, body: taskOf() },
      [getPath]: { body: taskOf({ status: 'succeeded' }) },
    }
    await using paused = await startCli(
      routes({ ...table, 'GET /v1/workers/orders': { body: worker({ paused: true }) } }),
    )
    expect((await paused.run(['submit', 'order.confirm', '--wait'])).err).toMatch(
      /orders is paused.*taskurai resume orders/,
    )
    await using narrow = await startCli(routes({ ...table, 'GET /v1/workers/orders': problem(403, 'forbidden', 'no') }))
    expect(await narrow.run(['submit', 'order.confirm', '--wait'])).toMatchObject({ code: 0 })
  })
})

describe('tasks', () => {
  it('get shows a task, and --wait exits by its end', async () => {
    await using cli = await startCli(
      routes({ [getPath]: { body: taskOf({ status: 'expired', subject: 'An order' }) } }),
    )
    const { out, code } = await cli.run(['get', ID])
    expect(code).toBe(0)
    expect(out).toMatch(/^id +01K9Z0000000000000000000AB\ncommand +order\.confirm@2 of worker orders\nstatus +expired/)
    expect((await cli.run(['get', ID, '--wait', '--json'])).code).toBe(8)
    expect(cli.hub.seen.at(-1)?.path).toBe(`/v1/tasks/${ID}?wait=20`)
    expect(await cli.run(['get', '01NONE'])).toMatchObject({ code: 3, err: expect.stringMatching(/^taskurai: no GET/) })
  })

  it('list prints a table as wide as it may be, and tells how to go on', async () => {
    const tasks = [
      taskOf({ subject: `Zoë's 注文 ${'long '.repeat(40)}` }),
      taskOf({ status: 'running', runCount: 12, subject: 'evil\u001b[2J\nrow\u202e' }),
    ]
    await using cli = await startCli(routes({ 'GET /v1/tasks': { body: { tasks, cursor: 'NEXT' } } }))
    const stdout = memoryStream(110)
    const { err } = await cli.run(['list', '--command', 'order.confirm', '--limit', '2'], { stdout, isTerminal: true })
    const plain = stripVTControlCharacters(stdout.text())
    expect(plain.split('\n')).toEqual([
      'ID                          STATUS   COMMAND          CREATED               RUNS  SUBJECT',
      `${ID}  queued   order.confirm@2  2026-11-30T08:00:00Z     0  Zoë's 注文 long long long l…`,
      `${ID}  running  order.confirm@2  2026-11-30T08:00:00Z    12  evil [2J row`,
      '',
    ])
    expect(stdout.text()).toContain('\u001b[36mrunning\u001b[39m')
    expect(err).toMatch(/--cursor NEXT, or --all/)
    const uncolored = memoryStream(110)
    await cli.run(['list'], { stdout: uncolored, isTerminal: true, env: { NO_COLOR: '1' } })
    expect(uncolored.text()).not.toContain('\u001b')
    const json = await cli.run(['list', '--status', 'failed', '--from', '2026-01-01', '--json'])
    expect(JSON.parse(json.out)).toEqual({ tasks, cursor: 'NEXT' })
    expect(cli.hub.seen.at(-1)?.path).toBe('/v1/tasks?status=failed&from=2026-01-01T00%3A00%3A00.000Z')
  })

  it('list --all walks all pages, with --json one task a line', async () => {
    const page = (count: number): Answer => ({
      body: count % 3 === 0 ? { tasks: [] } : { tasks: [taskOf({ id: `T${count}` })], cursor: `c${count}` },
    })
    await using cli = await startCli(routes({ 'GET /v1/tasks': page }))
    const json = await cli.run(['list', '--all', '--json'])
    expect(
      json.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['T1', 'T2'])
    const human = await cli.run(['list', '--all'])
    expect(human.out.split('\n')).toHaveLength(4)
    expect(human.out.match(/STATUS/g)).toHaveLength(1)
  })

  it('a reader that goes away ends it quietly, and no more is asked for', async () => {
    const body = { tasks: [taskOf(), taskOf()], cursor: 'always' }
    await using cli = await startCli(routes({ 'GET /v1/tasks': { body } }))
    const stdout = brokenPipe(3)
    expect(await cli.run(['list', '--all', '--json'], { stdout })).toMatchObject({ code: 0, err: '' })
    expect(stdout.text().trim().split('\n')).toHaveLength(3)
    expect(cli.hub.seen).toHaveLength(2)
  })

  it.each(['cancel', 'retry'])('%s goes through all ids, and exits by the first refusal', async (verb) => {
    await using cli = await startCli(
      routes({
        [`POST /v1/tasks/${ID}/${verb}`]: { body: taskOf({ runCount: 1 }) },
        [`POST /v1/tasks/ENDED/${verb}`]: problem(409, 'conflict', 'it has ended'),
      }),
    )
    const human = await cli.run([verb, 'ENDED', ID, '01NONE', '--reason', 'why'])
    expect(human).toMatchObject({ code: 5, out: `${ID}  order.confirm@2  queued  1 run\n` })
    expect(human.err).toMatch(/^ENDED: it has ended\n01NONE: no POST/)
    expect(cli.hub.seen[1]?.body).toEqual({ reason: 'why' })
    const json = JSON.parse((await cli.run([verb, 'ENDED', ID, '--json'])).out)
    expect(json).toMatchObject({ tasks: [{ id: ID }], errors: [{ id: 'ENDED', error: { code: 'conflict' } }] })
  })
})

describe('workers and the hub', () => {
  it('shows workers in a table, one with all there is, and pauses it', async () => {
    const breaker = { failures: 3, openUntil: '2026-11-30T08:00:00Z', reason: 'no such module' }
    await using cli = await startCli(
      routes({
        'GET /v1/workers': { body: { workers: [worker(), worker({ name: 'mail', instances: 2 })] } },
        'GET /v1/workers/orders': { body: worker({ breaker }) },
        'POST /v1/workers/orders/pause': { body: worker({ paused: true }) },
        'POST /v1/workers/orders/resume': { body: worker() },
        'GET /v1/commands': {
          body: { commands: [{ name: 'order.confirm', version: 2, worker: 'orders', input: { type: 'object' } }] },
        },
      }),
    )
    expect((await cli.run(['workers'])).out.split('\n')).toEqual([
      'WORKER  INSTANCES  STARTING  FREE  BACKLOG  SCALE  STATE    COMMANDS',
      'orders          0         0     0        1  0–2    at zero  order.confirm@2',
      'mail            2         0     0        1  0–2    up       order.confirm@2',
      '',
    ])
    expect((await cli.run(['workers', 'orders'])).out).toMatch(/start fails +3 times.*no such module/)
    expect(JSON.parse((await cli.run(['workers', '--json'])).out).workers).toHaveLength(2)
    expect((await cli.run(['pause', 'orders', '--reason', 'r'])).out).toMatch(
      /orders is paused.*taskurai resume orders/,
    )
    expect(cli.hub.seen.at(-1)?.body).toEqual({ reason: 'r' })
    expect((await cli.run(['resume', 'orders'])).out).toBe('orders goes on\n')
    expect((await cli.run(['commands'])).out).toBe('COMMAND          WORKER\norder.confirm@2  orders\n')
    expect((await cli.run(['commands', 'order.confirm'])).out).toBe(
      'command  order.confirm@2\nworker   orders\ninput    {\n           "type": "object"\n         }\n',
    )
    expect(JSON.parse((await cli.run(['commands', 'order.confirm@2', '--json'])).out).commands).toHaveLength(1)
    const none = await cli.run(['commands', 'order.cancel'])
    expect(none).toMatchObject({ code: 3, err: expect.stringMatching(/no command 'order\.cancel': there are order/) })
  })

  it('health needs no keys', async () => {
    await using cli = await startCli(routes({ 'GET /healthz': { body: { status: 'ok' } } }))
    const env = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
    const { out, code } = await cli.run(['health'], { env })
    expect({ out, code }).toEqual({ out: `${cli.hub.endpoint} answers\nstatus: ok\n`, code: 0 })
    expect((await cli.run(['health', '--json'], { env })).out).toBe('{"status":"ok"}\n')
    const noKeys = await cli.run(['workers'], { env })
    expect(noKeys).toMatchObject({ code: 2, err: expect.stringMatching(/No keys for .*Start the hub in this folder/) })
  })

  it('a hub that is away, busy or that refuses is told by its exit code', async () => {
    await using cli = await startCli(() => problem(503, 'unavailable', 'starting'))
    expect(await cli.run(['workers'])).toMatchObject({ code: 6, err: 'taskurai: starting\nTry again later.\n' })
    const away = await cli.run(['workers', '--endpoint', 'http://127.0.0.1:1'])
    expect(away).toMatchObject({
      code: 6,
      err: expect.stringMatching(/No hub answers at http:\/\/127\.0\.0\.1:1 .*npx taskurai serve/),
    })
    await using refusing = await startCli(() => problem(403, 'forbidden', 'no'))
    expect(await refusing.run(['workers'])).toMatchObject({ code: 4, err: expect.stringMatching(/allow list/) })
  })

  it('hands serve, work and manifest to those who do it', async () => {
    await using cli = await startCli()
    await writeFile(join(cli.cwd, 'w.ts'), '')
    const got: unknown[] = []
    const serve = async () => async (options: unknown) => {
      got.push(options)
      return 4
    }
    const words = ['serve', '--worker', 'w.ts', '--worker', 'a-package', '--port', '0', '--data', 'd', '--host', '::1']
    expect((await cli.run(words, { serve })).code).toBe(4)
    const path = join(cli.cwd, 'w.ts')
    const dataFolder = join(cli.cwd, 'd')
    expect(got[0]).toMatchObject({ workers: [path, 'a-package'], port: 0, dataFolder, host: '::1', cwd: cli.cwd })
    const work = async () => async (module: string) => (module === path ? 3 : 0)
    expect((await cli.run(['work', 'w.ts'], { work })).code).toBe(3)
    const logsAs = async () => async (_module: string, env: CliWorld['env']) => (env.TASKURAI_LOG === 'json' ? 0 : 1)
    expect((await cli.run(['work', 'w.ts', '--json'], { work: logsAs })).code).toBe(0)
    const keyOf = async () => async (_module: string, env: CliWorld['env']) => (env.TASKURAI_ISOLATION_KEY ?? '').length
    expect((await cli.run(['work', 'w.ts', '--isolation-key', 'ann'], { work: keyOf })).code).toBe(3)
    expect((await cli.run(['work', 'w.ts'], { work: keyOf, env: { TASKURAI_ISOLATION_KEY: 'cleo' } })).code).toBe(4)
    const manifest = async () => async (module: string) =>
      module === path ? { ok: true as const, manifest: { name: 'w' } } : { ok: false as const, message: 'it threw' }
    expect(await cli.run(['manifest', 'w.ts'], { manifest })).toEqual({ code: 0, out: '{"name":"w"}\n', err: '' })
    expect(await cli.run(['manifest', 'other'], { manifest })).toMatchObject({ code: 2, err: 'taskurai: it threw\n' })
  })

  it('serve --json says on stdout where the hub is, and all else on stderr', async () => {
    await using cli = await startCli()
    const serve = async () => async (options: ServeOptions) => {
      options.print('taskurai hub on …')
      await options.onOpen({ endpoint: 'http://127.0.0.1:4711' })
      return 0
    }
    expect(await cli.run(['serve', '--json'], { serve })).toEqual({
      ...{ code: 0, out: '{"endpoint":"http://127.0.0.1:4711"}\n', err: 'taskurai hub on …\n' },
    })
    expect(await cli.run(['serve'], { serve })).toEqual({ code: 0, out: 'taskurai hub on …\n', err: '' })
  })

  it('manifest writes a file, or tells at a glance what a worker offers', async () => {
    await using cli = await startCli()
    await writeFile(join(cli.cwd, 'w.ts'), '')
    const input = { type: 'object', properties: { orderId: {}, note: {} }, required: ['orderId'] }
    const command = { name: 'order.confirm', version: 2, input, retry: { maxRuns: 3 }, timeoutSeconds: 30 }
    const read = { name: 'w', commands: [command, { name: 'free' }], concurrency: 4, scaling: { min: 0, max: 2 } }
    const manifest = async () => async () => ({ ok: true as const, manifest: read })
    const ran = await cli.run(['manifest', 'w.ts', '-o', 'out.json'], { manifest })
    expect(ran).toEqual({ code: 0, out: `${join(cli.cwd, 'out.json')}\n`, err: '' })
    expect(JSON.parse(await readFile(join(cli.cwd, 'out.json'), 'utf8'))).toEqual(read)
    expect((await cli.run(['manifest', 'w.ts', '--short'], { manifest })).out.split('\n')).toEqual([
      'worker       w',
      'concurrency  4',
      'instances    0 to 2',
      '',
      'COMMAND          RUNS  TIMEOUT  INPUT',
      'order.confirm@2     3  30 s     orderId, note?',
      'free@1',
      '',
    ])
    expect(JSON.parse((await cli.run(['manifest', 'w.ts', '--short', '--json'], { manifest })).out)).toEqual(read)
    const nowhere = await cli.run(['manifest', 'w.ts', '-o', 'no/where.json'], { manifest })
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringMatching(/cannot be written/) })
    expect(await cli.run(['manifest', 'w.ts'])).toMatchObject({ code: 2, err: expect.stringMatching(/client only/) })
  })

  it('keys are made, listed without secrets and removed in the data folder', async () => {
    await using cli = await startCli()
    const keys = () => import('#adapters/files/credentials-file')
    const run = (...words: string[]) => cli.run(['keys', ...words, '--data', 'hub'], { keys })
    expect(await run('list')).toMatchObject({ code: 3, err: expect.stringMatching(/makes it at its first start/) })
    const added = await run('add', '--name', 'shop', '--allow', 'POST /v1/commands/order.*/tasks')
    expect(added.out).toMatch(/^AWS_ACCESS_KEY_ID=TK\w+\nAWS_SECRET_ACCESS_KEY=\S+\nAWS_REGION=local\n$/)
    const [, secret = '?'] = /AWS_SECRET_ACCESS_KEY=(\S+)/.exec(added.out) ?? []
    const listed = await run('list')
    expect(listed.out).toMatch(/shop +TK\w+ +POST \/v1\/commands\/order\.\*\/tasks/)
    expect(listed.out).not.toContain(secret)
    const json = await run('list', '--json')
    expect(JSON.parse(json.out).keys.map(({ name }: { name: string }) => name)).toEqual(['default', 'worker', 'shop'])
    expect(json.out).not.toContain(secret)
    expect((await run('add', '--name', 'shop', '--allow', '*')).code).toBe(5)
    expect((await run('add', '--name', 'other', '--allow', 'x y z')).code).toBe(2)
    expect(await run('remove', 'shop')).toMatchObject({ code: 0, out: 'shop is removed\n', err: '' })
    expect((await run('remove', 'worker')).err).toMatch(/own instances sign with \[worker].*\n.*keys add --name worker/)
    expect((await run('add', '--name', 'two', '--allow', 'GET /a', '--allow', 'GET /b')).code).toBe(0)
    expect((await run('list')).out).toMatch(/two +TK\w+ +GET \/a\n +GET \/b\n/)
    expect((await run('remove', 'shop')).code).toBe(3)
    expect(JSON.parse((await run('add', '--name', 'j', '--allow', 'GET /*', '--json')).out)).toMatchObject({
      name: 'j',
    })
  })

  it('help and version go to stdout with exit code 0, and tell the exit codes', async () => {
    await using cli = await startCli()
    expect(await cli.run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' })
    const help = await cli.run(['submit', '--help'])
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(help.out).toMatch(/--idempotency|--key <key>/)
    expect(help.out).toMatch(/ 7 +the task was canceled\n +8 +the task expired\n +9 +the task still went on/)
  })
})

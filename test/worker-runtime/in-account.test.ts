import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isTerminal } from '#core/contract/task'
import { checkKey } from '#core/keys'
import { readFleet } from '#core/workers/fleet'
import { pauseWorker, resumeWorker } from '#core/workers/put-worker'
import definition from '../fixtures/misbehaving-worker.ts'
import { type Engines, openTestAccount, openWay, startEngines, startMetadata } from '../support/account.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { until } from '../support/until.ts'

const module = new URL('../fixtures/misbehaving-worker.ts', import.meta.url).pathname
const whyNot = whyNoDynamo()

// Long polls pass in real time: cases that mostly wait run beside each other.
const options = { timeout: 120_000 }

describe.skipIf(whyNot !== undefined)(`an instance in a container ${whyNot ?? ''}`, options, () => {
  let engines: Engines
  beforeAll(async () => {
    engines = await startEngines()
  }, 240_000)
  afterAll(() => engines?.[Symbol.asyncDispose]())

  const open = () => openTestAccount(engines, definition, module)

  it('runs tasks, renews what takes long, and leaves when there is no more', async () => {
    const account = await open()
    await account.deploy(1, 1)
    await using metadata = await startMetadata(1)
    await using instance = account.start(metadata.env)
    const quick = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => account.submit('echo', { n })))
    // Twice its lease: only renewals keep it.
    const long = await account.submit('wait', { ms: 6_000 })
    for (const [index, id] of quick.entries()) {
      const head = await account.headOnce(id, ({ status }) => status === 'succeeded')
      expect(head).toMatchObject({ runCount: 1, result: { output: { n: index + 1 } } })
    }
    expect(await account.instances()).toMatchObject([{ launch: 'arn:aws:ecs:r:1:task/h/1', generation: 'h-w:1' }])
    expect((await readFleet(account.world, 'w'))?.fleet.current).toBe('h-w:1')
    const waited = await account.headOnce(long, ({ status }) => status === 'succeeded')
    expect(waited).toMatchObject({ runCount: 1, crashCount: 0 })
    expect(await instance.exited, instance.output()).toEqual({ code: 0, signal: null })
    expect(await account.instances()).toEqual([])
    expect(await account.world.queue.depth('w')).toEqual({ visible: 0, delayed: 0, held: 0 })
    const lines = instance.output().trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(expect.arrayContaining(['worker.ready', 'worker.gone']))
  })

  it('hands back on SIGTERM what does not fit into its grace, and the task runs elsewhere at once', async () => {
    const account = await open()
    await account.deploy(1)
    await using metadata = await startMetadata(1)
    await using first = account.start(metadata.env)
    const id = await account.submit('wait', { ms: 4_000 })
    await account.headOnce(id, ({ status }) => status === 'running')
    first.kill('SIGTERM')
    expect(await first.exited, first.output()).toEqual({ code: 0, signal: null })
    expect(await account.head(id)).toMatchObject({ status: 'queued', interruptCount: 1, crashCount: 0 })
    await using _second = account.start(metadata.env)
    expect(await account.headOnce(id, ({ status }) => status === 'succeeded')).toMatchObject({ runCount: 2 })
  })

  it('that is killed leaves a task that runs again by its bell', async () => {
    const account = await open()
    await account.deploy(1)
    await using metadata = await startMetadata(1)
    await using first = account.start(metadata.env)
    const id = await account.submit('wait', { ms: 600 })
    await account.headOnce(id, ({ status }) => status === 'running')
    first.kill('SIGKILL')
    await using _second = account.start(metadata.env)
    expect(await account.headOnce(id, ({ status }) => status === 'succeeded', 60_000)).toMatchObject({
      ...{ runCount: 2, crashCount: 1 },
    })
  })

  it('keeps the files of its runs in the bucket, with nobody in between', async () => {
    const account = await open()
    await account.deploy(1)
    await using metadata = await startMetadata(1)
    await using _instance = account.start(metadata.env)
    const head = await account.headOnce(await account.submit('keep-file'), ({ status }) => isTerminal(status))
    expect(head).toMatchObject({ status: 'succeeded', resultFiles: [{ name: 'kept.txt', size: 4 }] })
    expect(await account.bytesOf(head.resultFiles?.[0]?.payload ?? '')).toBe('kept')
  })

  it.concurrent('takes nothing while its worker is paused, and goes on then', async () => {
    const account = await open()
    await account.deploy(1)
    await pauseWorker(account.world, { worker: 'w', by: 'ann' })
    await using metadata = await startMetadata(1)
    await using instance = account.start(metadata.env)
    await until('it is ready', () => instance.output().includes('worker.ready'), 60_000)
    const id = await account.submit('echo', { n: 1 })
    await account.world.clock.wait(2_000)
    expect(await account.head(id)).toMatchObject({ status: 'queued', runCount: 0 })
    await resumeWorker(account.world, 'w')
    await account.headOnce(id, ({ status }) => status === 'succeeded')
  })

  it.concurrent('drains when an instance of another generation has registered', async () => {
    const account = await open()
    await account.deploy(1)
    await using one = await startMetadata(1)
    await using old = account.start(one.env)
    await until('it is ready', () => old.output().includes('worker.ready'), 60_000)
    const id = await account.submit('wait', { ms: 3_000 })
    await account.headOnce(id, ({ status }) => status === 'running')
    await account.deploy(2)
    await using two = await startMetadata(2)
    await using _fresh = account.start(two.env)
    expect(await old.exited, old.output()).toEqual({ code: 0, signal: null })
    expect(old.output()).toContain('"why":"drained"')
    expect(await account.head(id)).toMatchObject({ status: 'succeeded', runCount: 1 })
    expect(await account.instances()).toMatchObject([{ generation: 'h-w:2' }])
  })

  it.concurrent('gives up when its account stays away and it holds nothing', async () => {
    const account = await open()
    await account.deploy(1)
    await using metadata = await startMetadata(1)
    const way = await openWay(engines.dynamo.endpoint)
    await using instance = account.start({
      ...{ ...metadata.env, AWS_ENDPOINT_URL_DYNAMODB: way.address, TEST_HUB_AWAY_SECONDS: '10' },
    })
    await account.headOnce(await account.submit('echo', { n: 1 }), ({ status }) => status === 'succeeded')
    way.close()
    expect(await instance.exited, instance.output()).toEqual({ code: 3, signal: null })
    expect(instance.output()).toMatch(/worker w ends: no hub at the table \S+ for \d+ s/)
  })

  it('names every variable that is missing or malformed, and does nothing', async () => {
    const account = await open()
    await using instance = account.start({ TASKURAI_HUB: 'No Name', TASKURAI_DUE_SHARDS: 'many' })
    expect(await instance.exited).toEqual({ code: 2, signal: null })
    expect(instance.output()).toContain('TASKURAI_HUB is "No Name"')
    expect(instance.output()).toContain('TASKURAI_DUE_SHARDS is "many"')
  })

  it('does not start while its container does not tell which revision it is', async () => {
    const account = await open()
    await account.deploy(1)
    await using instance = account.start({ ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:9/v4/1' })
    expect(await instance.exited).toEqual({ code: 5, signal: null })
    expect(instance.output()).toContain(
      'the metadata of this container cannot be read from http://127.0.0.1:9/v4/1/task',
    )
    expect(await account.instances()).toEqual([])
  })

  describe('that only checks', () => {
    it('leaves its manifest for the registrar, and neither registers nor takes anything', async () => {
      const account = await open()
      await using metadata = await startMetadata(7)
      const id = await account.submit('echo', { n: 1 })
      await using instance = account.start({ ...metadata.env, TASKURAI_CHECK: '1' })
      expect(await instance.exited, instance.output()).toEqual({ code: 0, signal: null })
      const item = await account.world.store.get(checkKey('w', 'h-w:7'))
      expect(item?.data).toMatchObject({ manifest: { name: 'w' }, at: expect.any(Number) })
      expect(item?.expiresAt).toBeGreaterThan(Date.now() + 23 * 3_600_000)
      expect(await readFleet(account.world, 'w')).toBeUndefined()
      expect(await account.instances()).toEqual([])
      expect(await account.head(id)).toMatchObject({ status: 'queued', runCount: 0 })
    })

    it.each([
      ['table', { TASKURAI_TABLE: 'no-such-table' }, 'the table no-such-table cannot be reached'],
      ['queue', { TASKURAI_QUEUE_URL_PREFIX: 'http://sqs.us-east-1.localhost/1/none-' }, 'none-w cannot be reached'],
      ['bucket', { TASKURAI_BUCKET: 'no-such-bucket' }, 'the bucket no-such-bucket cannot be reached'],
    ])('says in one line that it cannot reach its %s', async (_what, env, message) => {
      const account = await open()
      await using metadata = await startMetadata(7)
      await using instance = account.start({ ...metadata.env, ...env, TASKURAI_CHECK: '1' })
      expect(await instance.exited).toEqual({ code: 5, signal: null })
      expect(instance.output()).toContain(message)
      expect(instance.output().trim().split('\n')).toHaveLength(1)
      expect(await account.world.store.get(checkKey('w', 'h-w:7'))).toBeUndefined()
    })
  })
})

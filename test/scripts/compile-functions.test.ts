import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repository } from '../support/repository.ts'

/** The functions of a hub in an account, as they are deployed: each one file that needs nothing beside it. */

const run = promisify(execFile)
const bytesMost = 1_200_000
const names = ['api', 'clock', 'intake', 'live', 'reactor', 'registrar'] as const

const environment = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  TASKURAI_HUB: 'shop',
  TASKURAI_TABLE: 'shop',
  TASKURAI_BUCKET: 'shop',
  TASKURAI_QUEUE_URL_PREFIX: 'http://127.0.0.1:9/taskurai-shop-',
  TASKURAI_ATTENTION_QUEUE_URL: 'http://127.0.0.1:9/attention',
  TASKURAI_LIVE_URL: 'ws://127.0.0.1:9/live',
  // Nobody listens there: what calls out fails at once.
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
}

interface Compiled {
  readonly bytes: number
  readonly inputs: readonly string[]
}

describe('a bundled function', { timeout: 60_000 }, () => {
  let folder = ''
  let compiled: Readonly<Record<string, Compiled>> = {}
  const pathOf = (name: string) => join(folder, name, 'index.mjs')
  const play = (script: string, env: Readonly<Record<string, string>> = environment) =>
    run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, env, maxBuffer: bytesMost })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'taskurai-functions-'))
    const script = `
      const { compileFunctions } = await import(${JSON.stringify(join(repository, 'scripts/compile-functions.mjs'))})
      process.stdout.write(JSON.stringify(await compileFunctions({ folder: ${JSON.stringify(folder)} })))`
    compiled = JSON.parse((await play(script, {})).stdout)
  }, 120_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(names)('%s is small, and loads without a network and without packages beside it', async (name) => {
    expect(compiled[name]?.bytes).toBeLessThan(bytesMost)
    const loads = `import { handler } from ${JSON.stringify(pathOf(name))}; process.stdout.write(typeof handler)`
    expect(await play(loads)).toEqual({ stdout: 'function', stderr: '' })
  })

  it('has nothing in it that other parts are made of', () => {
    const packagesOf = (name: string) =>
      new Set(compiled[name]?.inputs.flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []))
    expect(Object.keys(compiled).sort()).toEqual([...names].sort())
    for (const name of names) {
      const found = packagesOf(name)
      expect(found).toContain('@aws-sdk/client-dynamodb')
      for (const foreign of ['lmdb', 'commander', 'tsx', '@hono/node-server', 'aws-cdk-lib', 'constructs'])
        expect([name, [...found]]).not.toContainEqual(expect.arrayContaining([foreign]))
    }
    for (const name of ['live', 'reactor', 'clock']) {
      for (const ofTheDoor of ['hono', 'ajv', 're2js']) expect([...packagesOf(name)]).not.toContain(ofTheDoor)
    }
    for (const name of ['live', 'reactor', 'clock', 'intake', 'registrar'])
      expect([...packagesOf(name)]).not.toContain('hono')
    for (const name of ['intake', 'live']) expect([...packagesOf(name)]).not.toContain('@aws-sdk/client-ecs')
    for (const name of ['api', 'intake', 'live'])
      expect([...packagesOf(name)]).not.toContain('@aws-sdk/client-eventbridge')
  })

  it('says at its start everything that is wrong with its environment', async () => {
    const { TASKURAI_TABLE: _, ...rest } = environment
    const failing = play(`import ${JSON.stringify(pathOf('clock'))}`, { ...rest, TASKURAI_HUB: 'Shop' })
    await expect(failing).rejects.toThrow(
      /it cannot start; its environment:\nTASKURAI_HUB is "Shop" \(.*\)\nTASKURAI_TABLE is missing/,
    )
  })

  it('answers: the API by its door, an event that is none by its reason, records by none when there are none', async () => {
    const script = `
      const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 60_000 }
      const [api, intake, reactor] = await Promise.all(
        ${JSON.stringify(['api', 'intake', 'reactor'].map(pathOf))}.map((path) => import(path)),
      )
      const event = (rawPath) => ({
        ...{ version: '2.0', rawPath, rawQueryString: '', headers: {}, isBase64Encoded: false },
        requestContext: { http: { method: 'GET' }, stage: '$default' },
      })
      const answers = [
        await api.handler(event('/healthz'), context),
        await api.handler(event('/v1/tasks'), context),
        await intake.handler({ id: 'e-1' }, context).catch(({ name, message }) => ({ name, message })),
        await reactor.handler({ Records: [] }, context),
      ]
      process.stdout.write(JSON.stringify(answers))`
    const { stdout, stderr } = await play(script)
    expect(JSON.parse(stdout)).toMatchObject([
      { statusCode: 200, body: '{"ok":true}' },
      { statusCode: 403 },
      { name: 'NoTaskError', message: expect.stringMatching(/^invalid: /) },
      { batchItemFailures: [] },
    ])
    expect(JSON.parse(stderr)).toMatchObject({
      ...{ level: 'ERROR', message: 'intake.no-task', service: 'intake', hub: 'shop' },
      ...{ correlation_id: 'r-1', id: 'e-1', reason: expect.stringMatching(/^invalid: /) },
    })
  })
})

import { setTimeout as pause } from 'node:timers/promises'
import { PurgeQueueCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSqsClient } from '#adapters/sqs/client'
import { movesOf } from '../scenarios/scenario.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { type Platform, startPlatform } from '../support/platform/platform.ts'
import { until } from '../support/until.ts'

/** What a hub in an account makes of single faults, one after the other, and how its fleet behaves around a deployment. */

describe.skipIf(whyNoDynamo() !== undefined)('a hub in an account', () => {
  let platform: Platform
  beforeAll(async () => {
    platform = await startPlatform({ workers: ['basics'], idleSeconds: 5 })
  }, 120_000)
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000)
  const runs = () => platform.proxy.calls.filter(({ action }) => action === 'RunTask')

  it('starts one instance for one task from zero, within two seconds of the submit', async () => {
    const { client } = platform
    const before = runs().length
    const submittedAtMs = performance.now()
    const { id } = await client.submit('basics.echo', { text: 'first' })
    await until('RunTask', () => runs().length > before)
    expect(performance.now() - submittedAtMs).toBeLessThan(2_000)
    expect(await client.wait(id, { timeoutSeconds: 60 })).toMatchObject({ status: 'succeeded' })
    expect(runs().length).toBe(before + 1)
  }, 90_000)

  it('loses nothing when the API dies between sending the bell and writing the head', async () => {
    const { client, proxy, functions } = platform
    let killed = 0
    proxy.mishap = ({ role, action }) => {
      if (role !== 'api' || action !== 'PutItem' || killed > 0) return undefined
      killed++
      functions.api.kill()
      return 'before'
    }
    // The client's own key makes the second try the same task; the first one's bell finds no head of its birth.
    const { id } = await client.submit('basics.echo', { text: 'second' })
    proxy.mishap = undefined
    expect(killed).toBe(1)
    expect(await client.wait(id, { timeoutSeconds: 60 })).toMatchObject({ status: 'succeeded', runCount: 1 })
  }, 90_000)

  it('makes one task of a submit whose answer was lost', async () => {
    const { client, proxy } = platform
    let lost = 0
    proxy.mishap = ({ role, action }) => {
      if (role !== 'api' || action !== 'PutItem' || lost > 0) return undefined
      lost++
      return 'after'
    }
    const { id } = await client.submit('basics.echo', { text: 'third' })
    proxy.mishap = undefined
    const ended = await client.wait(id, { timeoutSeconds: 60 })
    expect(ended).toMatchObject({ status: 'succeeded', runCount: 1 })
    expect(movesOf(await client.get(id))).toEqual(['created', 'started', 'succeeded'])
  }, 90_000)

  it('hands a run on when the table is away for much longer than its lease, and ends it once', async () => {
    const { client, proxy } = platform
    const { id } = await client.submit('basics.wait', { ms: 8_000 }, { leaseSeconds: 3 })
    await until('it runs', async () => (await client.get(id)).status === 'running', 60_000)
    proxy.mishap = ({ service }) => (service === 'dynamodb' ? 'before' : undefined)
    await pause(12_000)
    await expect(client.submit('basics.echo', { text: 'now' })).rejects.toMatchObject({ code: 'unavailable' })
    proxy.mishap = undefined
    const ended = await client.wait(id, { timeoutSeconds: 120 })
    expect(ended.status).toBe('succeeded')
    expect(movesOf(await client.get(id)).filter((move) => move === 'succeeded')).toHaveLength(1)
  }, 180_000)

  it('deploys in the middle of work: the old instance finishes what it has, new work goes to the new one', async () => {
    const { client, containers, deploy } = platform
    const old = await client.submit('basics.wait', { ms: 6_000 })
    await until('it runs', async () => (await client.get(old.id)).status === 'running', 60_000)
    expect(await deploy('basics', { verify: false, manifest: await manifestOf(platform) })).toMatchObject({
      Status: 'SUCCESS',
    })
    const generations = new Set<string>()
    await until(
      'an instance of the new revision has run a task',
      async () => {
        const { id } = await client.submit('basics.echo', { text: 'new' })
        await client.wait(id, { timeoutSeconds: 60 })
        for (const { task } of containers.running()) generations.add(task.taskDefinitionArn.split('/').at(-1) ?? '')
        return (await client.worker('basics')).generation === 'demo-basics:2'
      },
      90_000,
    )
    expect([...generations].sort()).toContain('demo-basics:2')
    expect(await client.wait(old.id, { timeoutSeconds: 60 })).toMatchObject({ status: 'succeeded', runCount: 1 })
    await until(
      'the old instance has left by itself',
      () => containers.running().every(({ task }) => !task.taskDefinitionArn.endsWith(':1')),
      60_000,
    )
    expect(platform.proxy.calls.some(({ action }) => action === 'StopTask')).toBe(false)
  }, 240_000)

  it('runs a task whose bell was purged as soon as a person moves it, without waiting for the audit', async () => {
    const { client, containers, queueUrlPrefix, proxy } = platform
    await until('no instance', () => containers.running().length === 0, 60_000)
    await client.pause('basics')
    const { id } = await client.submit('basics.echo', { text: 'purged' }, { startAfter: { seconds: 2 } })
    const sqs = createSqsClient({
      endpoint: proxy.endpoints.sqs ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'human', secretAccessKey: 'human' },
    })
    await sqs.send(new PurgeQueueCommand({ QueueUrl: `${queueUrlPrefix}basics` }))
    sqs.destroy()
    await client.resume('basics')
    await pause(3_000)
    // Nobody rings: the audit looks at tasks that are an hour old. A person may move the task, which rings anew.
    expect((await client.get(id)).status).toBe('queued')
    await client.patch(id, { startAfter: null })
    expect(await client.wait(id, { timeoutSeconds: 60 })).toMatchObject({ status: 'succeeded' })
  }, 120_000)
})

async function manifestOf({ client }: Platform) {
  const { commands, scaling, concurrency } = await client.worker('basics')
  const { tasksPerInstance: _derived, ...scale } = scaling
  return { manifest: 1 as const, name: 'basics', commands: [...commands], scaling: scale, concurrency, idleSeconds: 5 }
}

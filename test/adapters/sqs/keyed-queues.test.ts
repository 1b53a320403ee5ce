import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, describe, expect, it } from 'vitest'
import { openSqsQueue } from '#adapters/sqs/queue'
import type { Bell, Log } from '#core/ports'
import { startSqs } from '../../support/engines/fauxqs.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { watched } from './watched.ts'

/** Queues that are made when a worker registers under an isolation key. */

const sqs = await startSqs()
afterAll(sqs.stop)

const prefix = 'https://sqs.eu-central-1.amazonaws.com/111122223333/taskurai-production-'
const attentionQueueArn = 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention'

async function attributesOf(url: string) {
  const ask = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] })
  return (await sqs.client.send(ask)).Attributes ?? {}
}

async function createQueues({ client = sqs.client, hasAttention = true } = {}) {
  const { queueUrlPrefix, attentionArn } = await sqs.makeQueues(['mill'])
  const logged: string[] = []
  const note = (event: string) => void logged.push(event)
  const log: Log = { info: note, warn: note, error: note }
  const clock = new VirtualClock()
  const hub = hasAttention ? { name: 'main', attentionQueueArn: attentionArn } : undefined
  const queue = openSqsQueue({ client, queueUrlPrefix, clock, log, hub })
  const ensure = async (worker: string) => {
    let isDone = false
    const made = (queue.ensure?.(worker) ?? Promise.reject(new Error('it makes none'))).finally(() => {
      isDone = true
    })
    made.catch(() => undefined)
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(1_000)
    }
    return made
  }
  const bell = (worker: string, taskId: string): Bell => ({
    ...{ format: 1, worker, taskId, born: 'b', n: 1, delayMs: 0 },
  })
  const receive = async (worker: string) => {
    const bells = await queue.receive({ worker, max: 10, holdMs: 60_000, waitMs: 0 })
    return bells.map(({ bell: { taskId } }) => taskId)
  }
  return { queue, ensure, clock, logged, bell, receive, queueUrlPrefix, attentionArn }
}

describe('the queue of a key', () => {
  it('is apart from its worker’s, and takes what is rung for it', async () => {
    const { queue, ensure, bell, receive } = await createQueues()
    await ensure('mill~ann')
    await queue.sendBells([bell('mill~ann', 'hers'), bell('mill', 'shared')])
    expect(await queue.depth('mill~ann')).toMatchObject({ visible: 1 })
    expect(await receive('mill')).toEqual(['shared'])
    expect(await receive('mill~ann')).toEqual(['hers'])
  })

  it('keeps bells as long as SQS can, and redrives what was received a thousand times', async () => {
    const { ensure, queueUrlPrefix, attentionArn } = await createQueues()
    await ensure('mill~ann')
    const made = await attributesOf(`${queueUrlPrefix}mill_ann`)
    expect(made).toMatchObject({ MessageRetentionPeriod: '1209600', ReceiveMessageWaitTimeSeconds: '20' })
    const redrive = { deadLetterTargetArn: attentionArn, maxReceiveCount: 1_000 }
    expect(JSON.parse(made.RedrivePolicy ?? '')).toEqual(redrive)
    expect(made.Policy).toContain(`role/taskurai/main/hub/*`)
  })

  it('is usable when it has been made: it waits for the second that SQS asks for', async () => {
    const { queue, clock } = await createQueues()
    const startedMs = clock.monotonicMs()
    const made = queue.ensure?.('mill~ann').then(() => clock.monotonicMs() - startedMs)
    for (let turns = 0; turns < 100; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      await clock.advance(100)
    }
    expect(await made).toBeGreaterThanOrEqual(1_000)
  })

  it('that is there stays as it is, with what it holds', async () => {
    const { queue, ensure, bell, receive } = await createQueues()
    await ensure('mill~ann')
    await queue.sendBells([bell('mill~ann', 'kept')])
    await ensure('mill~ann')
    expect(await receive('mill~ann')).toEqual(['kept'])
  })

  it('redrives to nowhere where nobody said whereto, and that is said', async () => {
    const { ensure, logged, queueUrlPrefix } = await createQueues({ hasAttention: false })
    await ensure('mill~ann')
    expect(logged).toContain('queue.made-without-attention')
    expect((await attributesOf(`${queueUrlPrefix}mill_ann`)).RedrivePolicy).toBeUndefined()
  })
})

describe('a queue that cannot be made', () => {
  function refusing(name: string): SQSClient {
    const error = Object.assign(new Error('said so'), { name })
    return watched(sqs, (command) => (command === 'CreateQueue' ? { kind: 'refused', error } : undefined)).client
  }

  it.each(['QueueNameExists', 'QueueAlreadyExists'])(
    'since it is there otherwise (%s) is taken as it is',
    async (name) => {
      const { ensure, logged } = await createQueues({ client: refusing(name) })
      await ensure('mill~ann')
      expect(logged).toEqual(['queue.has-other-attributes'])
    },
  )

  it('since it was deleted just now may be asked for again', async () => {
    const { ensure } = await createQueues({ client: refusing('AWS.SimpleQueueService.QueueDeletedRecently') })
    await expect(ensure('mill~ann')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('for want of permission is told with its worker', async () => {
    const { ensure } = await createQueues({ client: refusing('AccessDenied') })
    await expect(ensure('mill~ann')).rejects.toThrow('the queue of the worker mill~ann refused (create): AccessDenied')
  })

  it('since its name is too long is refused before anything is sent, with what helps', async () => {
    const { client, tries } = watched(sqs)
    const clock = new VirtualClock()
    const hub = { name: 'main', attentionQueueArn }
    const queue = openSqsQueue({ client, queueUrlPrefix: prefix, clock, hub })
    const worker = `${'m'.repeat(40)}~${'a'.repeat(24)}`
    await expect(queue.ensure?.(worker)).rejects.toThrow(/has 85 characters; SQS takes 80: choose a shorter key/)
    expect(tries).toEqual([])
  })
})

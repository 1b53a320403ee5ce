import { randomBytes } from 'node:crypto'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  type SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs'
import { buildApp } from 'fauxqs'
import { createSqsClient } from '#adapters/sqs/client'
// Not among what the package exports: the queues themselves.
import { SqsStore } from '../../../node_modules/fauxqs/dist/sqs/sqsStore.js'

/** Queues of one hub, made for one test. */
export interface HubQueues {
  readonly queueUrlPrefix: string
  readonly attentionUrl: string
  readonly attentionArn: string
}

export interface SqsEngine {
  readonly settings: SQSClientConfig
  readonly client: SQSClient
  /** A queue for each worker, and one to which each of them redrives. */
  readonly makeQueues: (workers: readonly string[], receivesMost?: number) => Promise<HubQueues>
  readonly purge: (url: string) => Promise<void>
  readonly remove: (url: string) => Promise<void>
  readonly stop: () => Promise<void>
}

/** SQS on loopback, in this process; or the one that `AWS_ENDPOINT_URL_SQS` names, where the queues are removed at the end. */
export async function startSqs(): Promise<SqsEngine> {
  const named = process.env.AWS_ENDPOINT_URL_SQS
  const app =
    named === undefined ? buildApp({ logger: false, stores: { sqsStore: countingStore() } as Stores }) : undefined
  const endpoint = named ?? (await app?.listen({ host: '127.0.0.1', port: 0 })) ?? ''
  const settings: SQSClientConfig = { endpoint, region: process.env.AWS_REGION ?? 'us-east-1', ...keys() }
  const client = createSqsClient(settings)
  const made: string[] = []

  async function makeQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))
    made.push(QueueUrl)
    return QueueUrl
  }

  async function makeQueues(workers: readonly string[], receivesMost = 1_000): Promise<HubQueues> {
    const prefix = `taskurai-t${randomBytes(6).toString('hex')}-`
    const attentionUrl = await makeQueue(`${prefix}attention`)
    const asked = { QueueUrl: attentionUrl, AttributeNames: ['QueueArn' as const] }
    const { Attributes } = await client.send(new GetQueueAttributesCommand(asked))
    const attentionArn = Attributes?.QueueArn ?? ''
    const redrive = { deadLetterTargetArn: attentionArn, maxReceiveCount: receivesMost }
    for (const worker of workers) await makeQueue(`${prefix}${worker}`, { RedrivePolicy: JSON.stringify(redrive) })
    return { queueUrlPrefix: attentionUrl.slice(0, -'attention'.length), attentionUrl, attentionArn }
  }

  return {
    settings,
    client,
    makeQueues,
    purge: async (url) => void (await client.send(new PurgeQueueCommand({ QueueUrl: url }))),
    remove: async (url) => void (await client.send(new DeleteQueueCommand({ QueueUrl: url }))),
    stop: async () => {
      if (app === undefined) {
        for (const url of made) await client.send(new DeleteQueueCommand({ QueueUrl: url })).catch(() => undefined)
      }
      client.destroy()
      await app?.close()
    },
  }
}

type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>

/**
 * Left to itself the emulator lets holds end only when somebody receives: a queue that nobody polls would say for ever
 * that all it has is held, and a scaler that starts from none would never hear of it.
 */
function countingStore(): SqsStore {
  const store = new SqsStore()
  const getQueue = store.getQueue.bind(store)
  store.getQueue = (url) => {
    store.processAllTimers()
    return getQueue(url)
  }
  return store
}

/** The emulator asks for no keys, but the client does. */
function keys(): SQSClientConfig {
  return process.env.AWS_ACCESS_KEY_ID === undefined
    ? { credentials: { accessKeyId: 'loopback', secretAccessKey: 'loopback' } }
    : {}
}

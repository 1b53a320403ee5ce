import { CreateQueueCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs'
import { ApiError } from '#core/contract/errors'
import { queueAccess, rolePathsOf, workerQueue } from '#core/contract/worker-queue'
import type { Clock, Log } from '#core/ports'
import { codeOf, reaching } from './failures.ts'

/**
 * The queues of workers that are registered under an isolation key. A deployment makes those of all others; these are
 * made when their worker registers, and are like them (`lib/worker-queue.ts`).
 */

/** Names of workers and keys have no underscore, and SQS has no tilde. */
export function queueNamePart(worker: string): string {
  return worker.replace('~', '_')
}

export interface KeyedQueuesOptions {
  readonly client: SQSClient
  readonly queueUrlPrefix: string
  readonly clock: Clock
  readonly log?: Log | undefined
  /** Without them a queue is made that redrives to nowhere and lets nobody in but who has permissions of his own. */
  readonly hub?: HubQueues | undefined
}

export interface HubQueues {
  readonly name: string
  readonly attentionQueueArn: string
}

const nameCharsMost = 80
/** SQS says that a queue may be used a second after it was made. */
const usableAfterMs = 1_000

export function createEnsure({ client, queueUrlPrefix, clock, log, hub }: KeyedQueuesOptions) {
  const prefix = queueUrlPrefix.slice(queueUrlPrefix.lastIndexOf('/') + 1)

  /** Makes the queue, or finds that it is there. */
  return async (worker: string): Promise<void> => {
    const name = prefix + queueNamePart(worker)
    if (name.length > nameCharsMost) {
      const message = `the queue of ${worker} would be called ${name}, which has ${name.length} characters; SQS takes ${nameCharsMost}: choose a shorter key`
      throw new ApiError('invalid', message)
    }
    if (hub === undefined) log?.warn('queue.made-without-attention', { worker, name })
    const made = await reaching(worker, 'create', () => create(name))
    switch (made) {
      case 'made':
        return clock.wait(usableAfterMs)
      case 'other-attributes':
        // It was made by another version of this, or a person changed it: its bells are as good.
        log?.warn('queue.has-other-attributes', { worker, name })
        return
      case 'deleted-recently':
        throw new ApiError('unavailable', `${name} was deleted just now: try again in a minute`)
      default:
        made satisfies never
    }
  }

  async function create(name: string): Promise<'made' | 'other-attributes' | 'deleted-recently'> {
    try {
      await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributesOfQueue(name, hub) }))
      return 'made'
    } catch (error) {
      const code = error instanceof Error ? codeOf(error.name) : ''
      if (existsCodes.has(code)) return 'other-attributes'
      if (code === 'QueueDeletedRecently') return 'deleted-recently'
      throw error
    }
  }
}

const existsCodes = new Set(['QueueNameExists', 'QueueAlreadyExists'])

export function attributesOfQueue(
  name: string,
  hub: HubQueues | undefined,
): Partial<Record<QueueAttributeName, string>> {
  const { retentionSeconds, receiveWaitSeconds, receivesMost: maxReceiveCount } = workerQueue
  const plain = {
    MessageRetentionPeriod: String(retentionSeconds),
    ReceiveMessageWaitTimeSeconds: String(receiveWaitSeconds),
    SqsManagedSseEnabled: 'true',
  }
  if (hub === undefined) return plain
  const redrive = { deadLetterTargetArn: hub.attentionQueueArn, maxReceiveCount }
  return { ...plain, RedrivePolicy: JSON.stringify(redrive), Policy: JSON.stringify(policyOf(name, hub)) }
}

/** As a deployment has it; partition, Region and account are those of the queue that it redrives to. */
function policyOf(name: string, hub: HubQueues) {
  const [arn, partition, , region, account] = hub.attentionQueueArn.split(':')
  const Resource = [arn, partition, 'sqs', region, account, name].join(':')
  const paths = rolePathsOf(hub.name)
  const everybody = { AWS: '*' }
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Action: 'sqs:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        ...{ Effect: 'Deny', Principal: everybody, Resource },
      },
      ...queueAccess.map(({ sid: Sid, actions, roles }) => ({
        ...{ Sid, Effect: 'Allow', Principal: everybody, Resource },
        Action: actions.length === 1 ? actions[0] : actions,
        Condition: {
          ArnLike: { 'aws:PrincipalArn': `${arn}:${partition}:iam::${account}:role${paths[roles]}*` },
        },
      })),
    ],
  }
}

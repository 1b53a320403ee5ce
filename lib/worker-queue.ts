import { Duration } from 'aws-cdk-lib'
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { queueNameOf } from '#core/contract/hub-env'
import { queueAccess, workerQueue } from '#core/contract/worker-queue'
import { arnsOf } from './hub-facts.ts'

export interface WorkerQueueOptions {
  readonly hubName: string
  readonly worker: string
  readonly attentionQueue: IQueue
}

/** The bells of one worker. */
export function createWorkerQueue(scope: Construct, { hubName, worker, attentionQueue }: WorkerQueueOptions): Queue {
  const queue = new Queue(scope, 'Queue', {
    queueName: queueNameOf(hubName, worker),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.seconds(workerQueue.retentionSeconds),
    receiveMessageWaitTime: Duration.seconds(workerQueue.receiveWaitSeconds),
    deadLetterQueue: { queue: attentionQueue, maxReceiveCount: workerQueue.receivesMost },
  })
  const { roles, hubRoles } = arnsOf(scope, hubName)
  for (const { sid, actions, roles: who } of queueAccess) {
    allowRoles(queue, { sid, actions, roles: who === 'all' ? roles : hubRoles })
  }
  return queue
}

function allowRoles(
  queue: Queue,
  { sid, actions, roles }: { readonly sid: string; readonly actions: readonly string[]; readonly roles: string },
): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid,
      // A principal has no wildcard in it; the condition holds the path of the roles, and with it the account.
      principals: [new AnyPrincipal()],
      actions: [...actions],
      resources: [queue.queueArn],
      conditions: { ArnLike: { 'aws:PrincipalArn': roles } },
    }),
  )
}

import { Duration } from 'aws-cdk-lib'
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { queueNameOf } from '#core/contract/hub-env'
import { arnsOf } from './hub-facts.ts'

/** The most there is: every hold of a bell counts as a receive, so only a fault of the hub itself comes that far. */
const receivesMost = 1_000
const retentionDays = 14

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
    retentionPeriod: Duration.days(retentionDays),
    receiveMessageWaitTime: Duration.seconds(20),
    deadLetterQueue: { queue: attentionQueue, maxReceiveCount: receivesMost },
  })
  const { roles, hubRoles } = arnsOf(scope, hubName)
  // Here and not with the roles: a worker that another stack adds is rung without a change to the hub's stack.
  allowRoles(queue, { sid: 'RolesOfThisHubRing', actions: ['sqs:SendMessage'], roles })
  allowRoles(queue, { sid: 'FunctionsOfThisHubLook', actions: ['sqs:GetQueueAttributes'], roles: hubRoles })
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

import type { Construct } from 'constructs'
import type { Allowance } from './allow.ts'
import { arnsOf, type HubFacts } from './hub-facts.ts'
import { dueIndex } from './table.ts'

/** What the roles of a hub may do, named by what it is for. Each adapter's calls, and nothing beside them. */

type Place = Pick<HubFacts, 'hubName' | 'tableName' | 'bucketName'>

export function permissionsOf(scope: Construct, { hubName, tableName, bucketName }: Place) {
  const arns = arnsOf(scope, hubName)
  const table = arns.table(tableName)
  const bucket = arns.bucket(bucketName)
  const inCluster = { ArnEquals: { 'ecs:cluster': arns.cluster } }
  const files = (...actions: readonly string[]): Allowance => ({
    actions,
    on: [`${bucket}/payloads/*`],
    because: 'Files belong to tasks; which there are is known when they run.',
  })
  return {
    /** Nobody scans. */
    store: {
      actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
      on: [table],
    },
    /** Sets of what has ended: sub tasks for their parents, dependencies for their dependents. */
    join: { actions: ['dynamodb:UpdateItem'], on: [table] },
    /** Who only makes tasks takes nothing away. */
    makeTasks: { actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'], on: [table] },
    /** For a developer's own worker of a shared hub. Who rings it and looks at it is let in by the queue. */
    makeKeyedQueues: {
      actions: ['sqs:CreateQueue'],
      on: [arns.keyedQueues],
      because: 'A developer names his key when he registers. Bound to names that no deployed worker has.',
    },
    readDue: { actions: ['dynamodb:Query'], on: [`${table}/index/${dueIndex}`] },
    readFiles: files('s3:GetObject'),
    /** Without it S3 says of a file that is not there that it may not be read. */
    missFiles: { actions: ['s3:ListBucket'], on: [bucket] },
    writeFiles: files('s3:PutObject'),
    removeFiles: files('s3:DeleteObject'),
    /** Of tasks, for who may read tasks. */
    readLogs: {
      actions: ['logs:FilterLogEvents'],
      on: [arns.workerLogs],
      because: 'Other stacks bring workers. Bound to what instances of this hub print.',
    },
    launch: [
      {
        actions: ['ecs:RunTask'],
        on: [arns.taskDefinitions],
        when: inCluster,
        because: 'Other stacks bring workers, and each deployment a revision. Bound to the cluster of this hub.',
      },
      {
        actions: ['ecs:TagResource'],
        on: [arns.instances],
        when: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
        because: 'An instance has its name from ECS. Bound to what RunTask makes.',
      },
      {
        actions: ['iam:PassRole'],
        on: [arns.workerRoles],
        when: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
        because:
          'Other stacks bring workers. Bound to the path of their roles, which no other role of the hub lies under.',
      },
    ],
    lookAtInstances: {
      actions: ['ecs:DescribeTasks'],
      on: [arns.instances],
      when: inCluster,
      because: 'An instance has its name from ECS.',
    },
    removeRevisions: {
      actions: ['ecs:ListTaskDefinitions', 'ecs:DeregisterTaskDefinition'],
      on: ['*'],
      because: 'Neither knows resources. The registrar takes away old revisions of the family that it registers.',
    },
  } as const satisfies Record<string, Allowance | readonly Allowance[]>
}

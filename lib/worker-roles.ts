import { Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { acceptWildcard, allow } from './allow.ts'
import type { HubFacts } from './hub-facts.ts'
import { namesOf } from './names.ts'
import { permissionsOf } from './permissions.ts'

export interface WorkerRolesOptions {
  readonly facts: HubFacts
  readonly worker: string
  readonly queue: IQueue
}

/** What the worker's own code runs as. Give it more with the usual grants: `bucket.grantRead(worker)`. */
export function createTaskRole(scope: Construct, { facts, worker, queue }: WorkerRolesOptions): Role {
  const role = createRole(scope, 'TaskRole', {
    ...{ facts, worker, what: 'instances' },
    // Nobody else's ECS may be talked into taking it on.
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  })
  const may = permissionsOf(scope, facts)
  for (const each of [may.store, may.join, may.readFiles, may.missFiles, may.writeFiles]) allow(role, each)
  const actions = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']
  allow(role, { actions, on: [queue.queueArn] })
  return role
}

/** What Fargate does before the program runs: it fetches the image and secrets and opens the log. */
export function createExecutionRole(scope: Construct, { facts, worker }: Omit<WorkerRolesOptions, 'queue'>): Role {
  const role = createRole(scope, 'ExecutionRole', {
    ...{ facts, worker, what: 'start of instances' },
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
  })
  acceptWildcard(role, '*', 'ecr:GetAuthorizationToken knows no resource; the image itself comes from one repository.')
  return role
}

interface RoleOptions {
  readonly facts: HubFacts
  readonly worker: string
  readonly what: string
  readonly assumedBy: ServicePrincipal
}

function createRole(scope: Construct, id: string, { facts, worker, what, assumedBy }: RoleOptions): Role {
  return new Role(scope, id, {
    path: namesOf(facts.hubName).workerRolePath,
    description: `Taskurai hub ${facts.hubName}, worker ${worker}: ${what}`,
    assumedBy,
  })
}

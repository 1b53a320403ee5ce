import { Tags } from 'aws-cdk-lib'
import type { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs'
import type { IGrantable, IPrincipal, Role } from 'aws-cdk-lib/aws-iam'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { HubFacts } from './hub-facts.ts'
import { checkWorker, workerNameOf } from './worker-checks.ts'
import { manifestFrom } from './worker-manifest.ts'
import type { WorkerProps } from './worker-props.ts'
import { createWorkerQueue } from './worker-queue.ts'
import { registerWorker } from './worker-registration.ts'
import { createExecutionRole, createTaskRole } from './worker-roles.ts'
import { createTaskDefinition } from './worker-task.ts'

/** Made by `hub.addWorker`. Whatever its code needs is granted to it: `bucket.grantRead(worker)`. */
export class TaskWorker extends Construct implements IGrantable {
  readonly workerName: string
  readonly queue: Queue
  readonly taskDefinition: FargateTaskDefinition
  /** What the worker's own code runs as. */
  readonly taskRole: Role
  readonly grantPrincipal: IPrincipal

  constructor(scope: Construct, facts: HubFacts, given: string | undefined, props: WorkerProps) {
    const manifest = manifestFrom(props)
    const worker = workerNameOf(given, manifest)
    checkWorker(worker, props, manifest)
    super(scope, `Worker ${worker}`)
    this.workerName = worker
    const attentionQueue = Queue.fromQueueArn(this, 'Attention', facts.attentionQueueArn)
    this.queue = createWorkerQueue(this, { hubName: facts.hubName, worker, attentionQueue })
    this.taskRole = createTaskRole(this, { facts, worker, queue: this.queue })
    this.grantPrincipal = this.taskRole
    const executionRole = createExecutionRole(this, { facts, worker })
    this.taskDefinition = createTaskDefinition(this, { facts, worker, props, taskRole: this.taskRole, executionRole })
    const { taskDefinitionArn } = this.taskDefinition
    const after = [this.queue, this.taskRole, executionRole]
    registerWorker(this, { facts, worker, props, manifest, taskDefinitionArn, after })
    Tags.of(this).add('taskurai:hub', facts.hubName)
    Tags.of(this).add('taskurai:worker', worker)
  }
}

import type { EventPattern, Rule } from 'aws-cdk-lib/aws-events'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { grantOperate, grantRead, grantSubmit, grantWatch, type SubmitOptions } from './grants.ts'
import type { HubFacts } from './hub-facts.ts'
import { addEventRule, type EventTask } from './on-event.ts'
import { TaskWorker } from './task-worker.ts'
import type { WorkerProps } from './worker-props.ts'

/** A hub of this app, or one that another stack made: `TaskHub.fromHubName`. Both can be given the same. */
export abstract class Hub extends Construct {
  abstract readonly hubName: string
  /** What callers set as `TASKURAI_ENDPOINT`. */
  abstract readonly endpoint: string
  /** @internal */
  abstract readonly facts: HubFacts

  /**
   * A worker of this hub, in the stack that this hub, or its import, is in.
   *
   * @example hub.addWorker({ module: 'workers/orders.ts', image: { directory: '.' } })
   * @example hub.addWorker('media', { image: ContainerImage.fromEcrRepository(repository, 'sha256:…'), cpu: 2048, memoryMiB: 4096 })
   */
  addWorker(props: WorkerProps): TaskWorker
  addWorker(name: string, props: WorkerProps): TaskWorker
  addWorker(nameOrProps: string | WorkerProps, props?: WorkerProps): TaskWorker {
    return typeof nameOrProps === 'string'
      ? new TaskWorker(this, this.facts, nameOrProps, props as WorkerProps)
      : new TaskWorker(this, this.facts, undefined, nameOrProps)
  }

  /**
   * Events become tasks. One that reaches no function or makes no valid task goes to the attention queue.
   *
   * @example
   * hub.onEvent({ source: ['shop'], detailType: ['OrderPlaced'] },
   *   { command: 'order.confirm', arguments: { id: EventField.fromPath('$.detail.orderId') } })
   */
  onEvent(pattern: EventPattern, task: EventTask): Rule {
    return addEventRule(this, this.facts, pattern, task)
  }

  /**
   * Lets a service, function or person submit tasks of these commands, and see none.
   *
   * @example hub.grantSubmit(checkout, { commands: ['order.confirm', 'order.mail'] })
   */
  grantSubmit(grantee: IGrantable, options: SubmitOptions): Grant {
    return grantSubmit(this.target, grantee, options)
  }

  /** Lets somebody see tasks, logs, files, workers and commands. */
  grantRead(grantee: IGrantable): Grant {
    return grantRead(this.target, grantee)
  }

  /** Lets somebody read, submit any command, cancel, retry, change and remove tasks, and pause workers. */
  grantOperate(grantee: IGrantable): Grant {
    return grantOperate(this.target, grantee)
  }

  /**
   * Lets a service make tokens with which its users' browsers watch tasks. Whoever has this grant can let anybody see
   * any task.
   */
  grantWatch(grantee: IGrantable): Grant {
    return grantWatch(this.target, grantee)
  }

  private get target() {
    return { scope: this, apiId: this.facts.apiId }
  }
}

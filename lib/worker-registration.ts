import { CustomResource, Duration } from 'aws-cdk-lib'
import type { Construct, IDependable } from 'constructs'
import type { Manifest } from '#core/contract/manifest'
import type { RegistrarProps, RegistrarResource } from '#functions/registrar/config'
import type { HubFacts } from './hub-facts.ts'
import { namesOf } from './names.ts'
import { scalingOf } from './worker-checks.ts'
import type { WorkerProps } from './worker-props.ts'
import { containerName } from './worker-task.ts'

/** A little longer than the registrar may take, so that a deployment does not wait an hour for one that died. */
const registrationTimeout = Duration.minutes(15)

export interface RegistrationOptions {
  readonly facts: HubFacts
  readonly worker: string
  readonly props: WorkerProps
  readonly manifest: Manifest | undefined
  readonly taskDefinitionArn: string
  /** What an instance needs: the check run starts one while the worker is registered. */
  readonly after: readonly IDependable[]
}

/** Tells the hub of the worker, at each deployment that changes anything of it; deleting it drains the worker. */
export function registerWorker(scope: Construct, options: RegistrationOptions): CustomResource {
  const { facts } = options
  const properties: RegistrarResource = {
    ServiceToken: facts.registrarArn,
    Registration: textOf(registrationOf(options), facts.network.assignPublicIp),
  }
  const resource = new CustomResource(scope, 'Registration', {
    resourceType: 'Custom::TaskuraiWorker',
    serviceToken: properties.ServiceToken,
    serviceTimeout: registrationTimeout,
    properties: { Registration: properties.Registration },
  })
  resource.node.addDependency(...facts.ready, ...options.after)
  return resource
}

type Registration = Omit<RegistrarProps, 'launch'> & {
  readonly launch: Omit<RegistrarProps['launch'], 'assignPublicIp'> & { readonly assignPublicIp: string }
}

function registrationOf(options: RegistrationOptions): Registration {
  const { facts, worker, props, manifest, taskDefinitionArn } = options
  const { subnetIds, securityGroupIds, assignPublicIp } = facts.network
  const scaling = scalingOf(props.scaling, manifest)
  return {
    worker,
    launch: {
      kind: 'ecs',
      cluster: namesOf(facts.hubName).cluster,
      taskDefinition: taskDefinitionArn,
      container: containerName,
      subnets: [...subnetIds],
      securityGroups: [...securityGroupIds],
      assignPublicIp,
      capacity: capacityOf(props.spot),
    },
    ...(manifest === undefined ? {} : { manifest }),
    ...(scaling === undefined ? {} : { scaling }),
    ...(props.concurrency === undefined ? {} : { concurrency: props.concurrency }),
    ...(props.idleSeconds === undefined ? {} : { idleSeconds: props.idleSeconds }),
    verify: props.verify ?? true,
  }
}

function capacityOf(spot: WorkerProps['spot']): RegistrarProps['launch']['capacity'] {
  switch (spot) {
    case undefined:
      return 'on-demand'
    case 'preferred':
      return 'spot-then-on-demand'
    case 'only':
      return 'spot'
    default:
      return spot satisfies never
  }
}

/** JSON in which what is known at deployment only stands as it is; a truth value is one word without quotes. */
function textOf(registration: Registration, assignPublicIp: string): string {
  return JSON.stringify(registration).replace(
    `"assignPublicIp":${JSON.stringify(assignPublicIp)}`,
    () => `"assignPublicIp":${assignPublicIp}`,
  )
}

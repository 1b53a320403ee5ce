import type { LaunchRefusal } from '../ports.ts'

/** What ECS says of instances it did not start, or that came to nothing before their program ran. */
export interface EcsReason {
  readonly says: RegExp
  readonly reason: LaunchRefusal['reason']
  /** What it means, and what to do about it. */
  readonly means: string
  /** Where the wording is from. */
  readonly source: string
}

const events = 'ECS developer guide, service-event-messages-list'
const stopped = 'ECS developer guide, stopped-task-error-codes'

/** In this order: the first that matches tells. Wordings of AWS may change, and what matches none is `other`. */
export const ecsReasons: readonly EcsReason[] = [
  {
    says: /limit on the number of (vCPUs|tasks) you can run|(CPU|MEMORY) configuration is above your limit/i,
    reason: 'quota',
    means:
      'the Fargate quota of the account is used up; request a higher "Fargate On-Demand vCPU resource count" ' +
      '(L-3032A538; for Spot "Fargate Spot vCPU resource count", L-36FBB829) in Service Quotas, or lower scaling.max',
    source: `${events}; dask/dask-cloudprovider#299`,
  },
  {
    says: /Capacity is unavailable at this time|^RESOURCE:/i,
    reason: 'capacity',
    means:
      'Fargate has no room for it now; the hub goes on trying. Subnets in more Availability Zones help, and where ' +
      'Spot alone is allowed, on-demand beside it',
    source: `${events}; re:Post ecs-fargate-runtask-capacity; api_failures_messages`,
  },
  {
    says: /Rate exceeded|Request limit exceeded|throttl|provisioning capacity limit exceeded/i,
    reason: 'rate',
    means: 'more instances are started in this account than AWS lets at a time; the hub goes on trying',
    source: 'ECS developer guide, request-throttling; dask/dask-cloudprovider#56; API reference, RunTask',
  },
  {
    // A registry or a secret that cannot be reached says so in the same breath as one that refuses.
    says: /i\/o timeout|deadline exceeded|request canceled|connection (refused|reset|issue)|no route to host|no such host|ETIMEDOUT/i,
    reason: 'network',
    means:
      'its network does not reach what it needs; in a public subnet an instance needs a public address, in a private ' +
      'one a NAT or endpoints for ECR, S3, CloudWatch Logs and SQS',
    source: `${stopped}; re:Post ecs-pull-container-api-error-ecr`,
  },
  {
    says: /unable to assume the role|not authorized|AccessDenied|PassRole|trust relationship|\b403 Forbidden/i,
    reason: 'role',
    means:
      'a role lacks a right: the task role, the execution role, or that of the hub which passes them. A role that was ' +
      'just made is known everywhere after some seconds',
    source: 'IAM user guide, troubleshoot_general (eventual consistency); API reference, RunTask',
  },
  {
    says: /network interface|\bENI\b|FreeAddresses|subnet|security ?group|\bsg-|Internal error\.?$/i,
    reason: 'network',
    means: 'its subnets or security groups cannot be used: they are gone, full, or in a zone without Fargate',
    source: `${events}; ${stopped}`,
  },
  {
    says: /CannotPull|manifest|image|exec format error|CannotStartContainer|CannotCreateContainer/i,
    reason: 'image',
    means:
      'its image cannot be started: is it in the registry, for the CPU architecture of the worker, and its command in it?',
    source: stopped,
  },
  {
    says: /TaskDefinition is inactive|Unable to describe task definition|task definition .*not/i,
    reason: 'other',
    means: 'its revision is gone; deploy the worker again',
    source: 'ECS developer guide, deregister-task-definition-v2; API reference, RunTask',
  },
  {
    says: /Cluster(NotFoundException)?.* (not found|inactive)|ClusterNotFound/i,
    reason: 'other',
    means: 'the cluster of the hub is gone; deploy the hub again',
    source: 'API reference, RunTask',
  },
  {
    says: /account (was|is|has been) .*blocked|BlockedException/i,
    reason: 'other',
    means: 'the account is blocked; ask AWS Support',
    source: 'API reference, RunTask',
  },
]

const saysCharsMost = 300

/** In words for people: what it means first, then what was said. */
export function refusalOf(says: string): LaunchRefusal {
  const known = ecsReasons.find((one) => one.says.test(says))
  const said = `ECS says: ${says.slice(0, saysCharsMost)}`
  if (known === undefined) return { reason: 'other', message: said }
  return { reason: known.reason, message: `${known.means} (${said})` }
}

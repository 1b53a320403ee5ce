import { queueNameOf } from '#core/contract/hub-env'
import { namesOf } from '#lib/names'
import { account, region, settle } from '../cdk/settle.ts'
import { ofType, type Resource, type Synthesized } from '../cdk/synth.ts'
import type { Policies } from './evaluate.ts'
import { policiesOf } from './policies.ts'

/**
 * A hub that was played, as its template has it: what the engines call by names of their own stands for the table, the
 * bucket and the queues that the template makes.
 */

/** By their names in the engines. */
export interface PlayedParts {
  readonly table: string
  readonly bucket: string
  readonly queueUrlPrefix: string
  readonly attentionUrl: string
}

export interface HubRole {
  /** Of all workers the same: what one of them uses, all of them are made with. */
  readonly kind: string
  /** Instances of one worker, by its name. */
  readonly worker?: string
  readonly arn: string
}

export interface Account {
  readonly hub: string
  readonly policies: Policies
  /** By the names that the harness gives them: `api`, `worker-basics`. */
  readonly roles: ReadonlyMap<string, HubRole>
  readonly arnOf: {
    readonly table: (name: string) => string
    readonly bucket: (name: string) => string
    readonly queue: (url: string) => string
    readonly queueNamed: (name: string) => string
    readonly bus: (name: string) => string
    readonly cluster: (name: string) => string
    /** Of a watcher. */
    readonly connection: (stage: string, method: string, id: string) => string
  }
  /** What RunTask hands to a container of this family. */
  readonly rolesOfFamily: (family: string) => readonly string[]
}

export function accountOf(
  { resources: raw }: Pick<Synthesized, 'resources'>,
  hub: string,
  parts: PlayedParts,
): Account {
  const resources = settle(raw)
  const [table] = Object.entries(resources).find(([, { Type }]) => Type === 'AWS::DynamoDB::Table') ?? []
  const [bucket] = ofType({ resources }, 'AWS::S3::Bucket')
  const [liveApi] =
    Object.entries(resources).find(([, { Properties }]) => Properties?.ProtocolType === 'WEBSOCKET') ?? []
  const own = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`
  const families = ofType({ resources }, 'AWS::ECS::TaskDefinition').map(({ Properties }) => Properties)
  const one = (wanted: string, given: string, arn: string) => {
    if (given !== wanted) throw new Error(`${given} is not of this hub`)
    return arn
  }
  return {
    hub,
    policies: policiesOf(resources),
    roles: new Map([...functionRoles(resources, hub), ...workerRoles(families, hub)]),
    arnOf: {
      table: (name) => one(parts.table, name, own('dynamodb', `table/${table}`)),
      bucket: (name) => one(parts.bucket, name, `arn:aws:s3:::${bucket?.Properties.BucketName}`),
      queue: (url) => own('sqs', queueOf(url, hub, parts)),
      queueNamed: (name) => {
        const prefix = new URL(parts.queueUrlPrefix).pathname.split('/').at(-1) ?? ''
        if (!name.startsWith(prefix)) throw new Error(`${name} is not of this hub`)
        return own('sqs', queueNameOf(hub, name.slice(prefix.length)))
      },
      bus: (name) => own('events', `event-bus/${name}`),
      cluster: (name) => own('ecs', `cluster/${name}`),
      connection: (stage, method, id) => own('execute-api', `${liveApi}/${stage}/${method}/@connections/${id}`),
    },
    rolesOfFamily: (family) => {
      const { TaskRoleArn: task, ExecutionRoleArn: start } = families.find(({ Family }) => Family === family) ?? {}
      if (task === undefined || start === undefined) throw new Error(`the template has no family ${family}`)
      return [task, start]
    },
  }
}

function queueOf(url: string, hub: string, { queueUrlPrefix, attentionUrl }: PlayedParts): string {
  // The client asks the engine's own address for a queue by its path.
  const [path, prefix, attention] = [url, queueUrlPrefix, attentionUrl].map((each) => new URL(each).pathname)
  if (path === attention) return namesOf(hub).attentionQueue
  if (path === undefined || prefix === undefined || !path.startsWith(prefix))
    throw new Error(`${url} is not of this hub`)
  // The queue of an isolation key lets in whom that of its worker does (test/lib/permissions.test.ts).
  const [worker = ''] = path.slice(prefix.length).split('_', 1)
  return queueNameOf(hub, worker)
}

function functionRoles(resources: Synthesized['resources'], hub: string): readonly (readonly [string, HubRole])[] {
  const prefix = namesOf(hub).function('' as never)
  return ofType({ resources }, 'AWS::Lambda::Function').map(({ Properties: { FunctionName: name, Role: arn } }) => {
    if (!name.startsWith(prefix)) throw new Error(`${name} is no function of this hub`)
    const kind = name.slice(prefix.length)
    return [kind, { kind, arn }]
  })
}

function workerRoles(
  families: readonly Resource['Properties'][],
  hub: string,
): readonly (readonly [string, HubRole])[] {
  return families.flatMap(({ Family, TaskRoleArn, ExecutionRoleArn }): [string, HubRole][] => {
    const worker = Family.slice(namesOf(hub).family('').length)
    return [
      [`worker-${worker}`, { kind: 'worker', worker, arn: TaskRoleArn }],
      [`start-${worker}`, { kind: 'start of workers', worker, arn: ExecutionRoleArn }],
    ]
  })
}

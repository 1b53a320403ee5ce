import { queueNameOf } from '#core/contract/hub-env'
import { rolePathsOf } from '#core/contract/worker-queue'

/**
 * Every explicit name of a hub. All carry the hub's name, so that two hubs fit in one account, and whoever knows the
 * name of a hub can find its parts. Queues of workers are named in `core/contract/hub-env.ts`.
 */
export function namesOf(hub: string) {
  const rolePaths = rolePathsOf(hub)
  return {
    cluster: `taskurai-${hub}`,
    api: `taskurai-${hub}`,
    liveApi: `taskurai-${hub}-live`,
    function: (name: FunctionName) => `taskurai-${hub}-${name}`,
    /** The names of workers have no underscore, so that no worker's queue can be this one. */
    attentionQueue: `taskurai-${hub}_attention`,
    /** Of workers that were registered under an isolation key; no others have an underscore behind the hub's hyphen. */
    keyedQueues: `${queueNameOf(hub, '*')}_*`,
    rule: (name: string) => `taskurai-${hub}-${name}`,
    alarm: (name: string) => `taskurai-${hub}-${name}`,
    dashboard: `taskurai-${hub}`,
    family: (worker: string) => `${hub}-${worker}`,
    rolePath: rolePaths.all,
    hubRolePath: rolePaths.functions,
    workerRolePath: rolePaths.workers,
    logGroup: (name: string) => `/taskurai/${hub}/${name}`,
    /** API Gateway grants itself the writing to groups under this prefix once, instead of for each group. */
    accessLogGroup: `/aws/vendedlogs/taskurai/${hub}/access`,
    /** EventBridge writes to groups under this prefix only. */
    stopsLogGroup: `/aws/events/taskurai/${hub}/instances`,
    parameter: (name: ParameterName) => `/taskurai/${hub}/${name}`,
  }
}
export type Names = ReturnType<typeof namesOf>

export type FunctionName = 'api' | 'reactor' | 'clock' | 'intake' | 'registrar' | 'live'

/** What other stacks read of a hub, each a free parameter. */
export type ParameterName =
  | 'endpoint'
  | 'table'
  | 'bucket'
  | 'due-shards'
  | 'directory-shards'
  | 'subnets'
  | 'security-groups'
  | 'public-ip'

import type { RemovalPolicy } from 'aws-cdk-lib'
import type { EventBus, IEventBus } from 'aws-cdk-lib/aws-events'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { Throttle } from './api.ts'
import type { NetworkOptions } from './network.ts'
import type { TableOptions } from './table.ts'

/** Statuses of which an event can be sent. */
export type EventStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled' | 'expired'

export interface EventsOut {
  /** Each status is a dollar per million tasks. */
  readonly statuses: readonly EventStatus[]
  /** @default the account's own bus */
  readonly bus?: IEventBus | EventBus | undefined
}

export interface TaskHubProps extends NetworkOptions {
  /**
   * In the names and tags of all that the hub has: lower-case letters, digits and hyphens, 24 at most. Two hubs of an
   * account and Region have different names. Another name is another hub.
   * @default main
   */
  readonly hubName?: string | undefined
  readonly table?: TableOptions | undefined
  /** What happens to the table and the bucket when the stack is deleted. @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy | undefined
  /** @default one month */
  readonly logRetention?: RetentionDays | undefined
  readonly throttle?: Throttle | undefined
  /** Partitions of one dimension of the directory a month, each for 1,000 tasks a second; may grow, never shrink. @default 4 */
  readonly directoryShards?: number | undefined
  /** Partitions of the index of what is due, read each minute at 0.003 $ a month each; may grow, never shrink. @default 8 */
  readonly dueShards?: number | undefined
  /** How many batches of one shard of the table's stream are worked on at once, 1 to 10. @default 2 */
  readonly reactorParallelization?: number | undefined
  /** Moves of tasks as events on a bus. @default none */
  readonly events?: EventsOut | undefined
  /** Whether tasks can be watched: a WebSocket API, which costs nothing while nobody does. @default true */
  readonly live?: boolean | undefined
  /** Metrics of each instance, at 0.30 $ a metric and month. @default false */
  readonly containerInsights?: boolean | undefined
  /** 3 $ a month; an account's first three are free. @default true */
  readonly dashboard?: boolean | undefined
  /** Where the seven alarms go. @default a topic of the hub's own */
  readonly alarmTopic?: ITopic | Topic | undefined
  /** Who is written to; each has to confirm once. @default nobody */
  readonly alarmEmails?: readonly string[] | undefined
  /** Web pages that may up- and download files by the addresses that the hub gives, as `https://shop.example`. @default none */
  readonly corsOrigins?: readonly string[] | undefined
  /**
   * Where the bundles of the hub's functions lie.
   * @default beside this package's own code
   */
  readonly codeFolder?: string | undefined
}

/**
 * What a hub in an account tells CloudWatch. A metric costs by the hours in which it is sent, so none of these is sent
 * while all is well; `lib/` makes its alarms of these names.
 */
export const metricNamespace = 'Taskurai'
/** The only dimension: the hub's name. */
export const hubDimension = 'Hub'

export const metricNames = {
  /** How many workers have had tasks waiting for ten minutes without getting fewer. Sent each minute while there are any. */
  tasksLate: 'TasksLate',
  /** How many workers cannot start instances: refused, or they end before they are ready. Sent each minute likewise. */
  startsFailing: 'StartsFailing',
} as const

export type Metric = keyof typeof metricNames

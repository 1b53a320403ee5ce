import { HubEnv } from '#core/contract/hub-env'
import type { TaskHubProps } from './hub-props.ts'

/** What is wrong with a hub is said while the app is synthesized, all at once. */

const shardsMost = 256
const parallelizationMost = 10
/** More than one hub should take of the quota that all APIs of an account share, unless it was raised. */
const requestsPerSecondMost = 10_000
const eventStatuses = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired']

export function checkHubName(hubName: string): void {
  const { success } = HubEnv.shape.TASKURAI_HUB.safeParse(hubName)
  if (success) return
  throw new Error(
    `TaskHub: ${hubName} cannot be a hub's name: lower-case letters, digits and hyphens, a letter first, 24 at most`,
  )
}

export function checkHub(hubName: string, props: TaskHubProps): void {
  checkHubName(hubName)
  const { throttle = {}, events, alarmEmails = [], corsOrigins = [] } = props
  const faults = [
    countFault('directoryShards', props.directoryShards, shardsMost),
    countFault('dueShards', props.dueShards, shardsMost),
    countFault('reactorParallelization', props.reactorParallelization, parallelizationMost),
    countFault('throttle.requestsPerSecond', throttle.requestsPerSecond, requestsPerSecondMost),
    countFault('throttle.burst', throttle.burst, requestsPerSecondMost),
    ...(events === undefined ? [] : [eventsFault(events.statuses)]),
    ...alarmEmails.map((email) =>
      /^[^@\s]+@[^@\s]+$/.test(email) ? undefined : `${email} is no address of a mailbox`,
    ),
    ...corsOrigins.map((origin) => (/^https?:\/\/[^/*\s]+$/.test(origin) ? undefined : originFault(origin))),
    props.alarmTopic !== undefined && alarmEmails.length > 0
      ? "alarmEmails are for the hub's own topic: subscribe them to yours, or leave out alarmTopic"
      : undefined,
  ].filter((fault) => fault !== undefined)
  if (faults.length > 0) throw new Error(`TaskHub ${hubName}: ${faults.join('; ')}`)
}

function countFault(name: string, value: number | undefined, most: number): string | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return undefined
  return `${name} is a whole number from 1 to ${most}, not ${value}`
}

function eventsFault(statuses: readonly string[]): string | undefined {
  const unknown = statuses.find((status) => !eventStatuses.includes(status))
  if (unknown !== undefined) return `events.statuses: there is no ${unknown}, only ${eventStatuses.join(', ')}`
  return statuses.length === 0 ? 'events.statuses: name at least one, or leave out events' : undefined
}

function originFault(origin: string): string {
  return `corsOrigins: write ${origin} as scheme and host, like https://shop.example; a star would be everybody`
}

import type { AwsCall } from '../../test/support/platform/aws-proxy.ts'
import { type Usage, usageOf } from './meter.ts'
import { assumed, prices } from './prices.ts'

/** From what was called for so many tasks to US dollars for a million of them, part by part. */

export interface Measured {
  readonly tasks: number
  /** Calls of the API and of everything behind it that these tasks caused, those of the clock left out. */
  readonly calls: readonly AwsCall[]
  readonly apiCalls: number
  /** Records of the stream that the mapping's filter let through. */
  readonly records: number
  /** How many batches they came in. */
  readonly invocations: number
  /** What the instances logged. */
  readonly logBytes: number
  /** Of those who watched; absent where nobody did. */
  readonly watching?: Watching | undefined
}

export interface Watching {
  /** How often the function of watchers ran. */
  readonly calls: number
  /** What watchers said. */
  readonly received: number
  readonly minutes: number
}

export interface Priced {
  readonly usage: Usage
  /** US dollars for a million tasks. */
  readonly parts: Readonly<Record<Part, number>>
  readonly total: number
}

export const partNames = [
  'http',
  'api',
  'table',
  'reads',
  'queue',
  'reactor',
  'events',
  'files',
  'logs',
  'live',
] as const
export type Part = (typeof partNames)[number]

const million = 1_000_000
const gbBytes = 1_000_000_000

export function priceOf(measured: Measured): Priced {
  const { tasks, apiCalls, records, invocations, logBytes } = measured
  const usage = usageOf(measured.calls)
  const apiSeconds = (apiCalls * assumed.apiMs + (tasks - apiCalls) * assumed.apiMsPerFurtherTask) / 1_000
  const reactorSeconds =
    (invocations * assumed.reactorMs + (records - invocations) * assumed.reactorMsPerFurtherRecord) / 1_000
  const spent: Record<Part, number> = {
    http: apiCalls * prices.httpRequest,
    api: apiCalls * prices.lambdaRequest + apiSeconds * assumed.apiGb * prices.lambdaGbSecond,
    table: usage.writeUnits * prices.writeUnit,
    reads: usage.readUnits * prices.readUnit,
    queue: usage.sqsRequests * prices.sqsRequest + usage.fairRequests * prices.sqsFairRequest,
    reactor: invocations * prices.lambdaRequest + reactorSeconds * assumed.reactorGb * prices.lambdaGbSecond,
    events: usage.busEvents * prices.busEvent,
    files: usage.s3Puts * prices.s3Put + usage.s3Gets * prices.s3Get,
    live: liveDollars(usage, measured.watching),
    logs: ((apiCalls * assumed.accessLogBytes + logBytes) / gbBytes) * prices.logGb,
  }
  const parts = Object.fromEntries(
    partNames.map((part) => [part, (spent[part] / tasks) * million]),
  ) as unknown as Readonly<Record<Part, number>>
  return { usage, parts, total: partNames.reduce((sum, part) => sum + parts[part], 0) }
}

/** Messages both ways, the time that connections stood, and the function that lets them in. What it reads is in `reads`. */
function liveDollars(
  usage: Usage,
  { calls, received, minutes }: Watching = { calls: 0, received: 0, minutes: 0 },
): number {
  const gbSeconds = (calls * assumed.liveMs * assumed.liveGb) / 1_000
  return (
    (usage.liveMessages + received) * prices.socketMessage +
    minutes * prices.socketMinute +
    calls * prices.lambdaRequest +
    gbSeconds * prices.lambdaGbSecond
  )
}

import { setTimeout as pause } from 'node:timers/promises'
import { type Platform, startPlatform } from '../../test/support/platform/platform.ts'
import { busiestKey } from './busiest-key.ts'
import { flowScenarios } from './flow-scenarios.ts'
import { rewriteForMeter } from './meter.ts'
import { type Measured, type Part, type Priced, partNames, priceOf } from './price.ts'
import { assumed, pricesOf } from './prices.ts'
import { watchAll } from './watching.ts'

/**
 * `npm run bench:aws`: what a million tasks cost in an account, from calls that a whole hub makes on emulators: its own
 * functions and its own container, every call counted on its way (docs/engines.md). No Lambda runs here, so its time is
 * assumed (prices.ts). Idle polls of an instance and the clock's ticks belong to no task and are left out.
 */

const singles = 400
/** Records come in batches of up to a hundred in a steady stream, as here where they gather. */
const steadyGatherMs = 2_500
const trickled = 10
const everydayText = 'a'.repeat(2_000)

export interface Shape {
  readonly command: string
  readonly arguments?: unknown
  readonly externalId?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly startAfter?: { readonly seconds: number }
}

export interface Scenario {
  readonly title: string
  readonly task: Shape
  readonly tasks: number
  readonly pace: 'single, steady' | 'batches of 100, steady' | 'trickle'
  /** How long the tasks may take, all together. */
  readonly mostMs?: number
  /** Whether to tell which key took the most writes. */
  readonly isSpread?: boolean
  /** How many writes of ended heads there are, where it is not one a task. */
  readonly ends?: number
  /** Whether each task is watched from its creation to its end, by a token of its own. */
  readonly isWatched?: boolean
  /** Called once all are accepted, with their ids: a signal for each, say. */
  readonly afterwards?: (platform: Platform, ids: readonly string[]) => Promise<void>
}

const plain: Shape = {
  command: 'metered.plain',
  arguments: { orderId: 8_472, customer: 'C-10233', note: 'n'.repeat(74) },
}
const everyday: Shape = {
  command: 'metered.everyday',
  arguments: { text: everydayText },
  externalId: 'order-8472',
  tags: { desk: 'two' },
}

/** By themselves: `npm run bench:aws -- --live`. */
const watchedOrNot: readonly Scenario[] = [
  {
    title: 'plain with 10 progress reports',
    task: { command: 'metered.progress', arguments: { reports: 10 } },
    tasks: 20,
    pace: 'single, steady',
    mostMs: 60_000,
  },
  {
    title: 'the same, watched by its user',
    task: { command: 'metered.progress', arguments: { reports: 10 } },
    tasks: 20,
    pace: 'single, steady',
    mostMs: 60_000,
    isWatched: true,
  },
]
const withoutEvents: readonly Scenario[] = [
  { title: 'plain', task: plain, tasks: singles, pace: 'single, steady' },
  { title: 'plain', task: plain, tasks: singles, pace: 'batches of 100, steady' },
  { title: 'plain', task: plain, tasks: trickled, pace: 'trickle' },
  ...watchedOrNot,
  { title: 'plain, fails once', task: { command: 'metered.flaky' }, tasks: 50, pace: 'single, steady' },
  {
    title: 'plain, two seconds later',
    task: { ...plain, startAfter: { seconds: 2 } },
    tasks: 50,
    pace: 'single, steady',
  },
  {
    // A minute with a lease of 3 s has as many renewals as 20 minutes with one of 60 s.
    title: '20 minutes of a long task',
    task: { command: 'metered.long', arguments: { ms: 60_000 } },
    tasks: 10,
    pace: 'single, steady',
    mostMs: 90_000,
  },
]
const withEvents: readonly Scenario[] = [
  { title: 'everyday, one event out', task: everyday, tasks: singles, pace: 'single, steady' },
  { title: 'everyday, one event out', task: everyday, tasks: singles, pace: 'batches of 100, steady' },
  { title: 'everyday, one event out', task: everyday, tasks: trickled, pace: 'trickle' },
]

async function main(): Promise<void> {
  say(`prices: ${pricesOf}, list, no free tier; Lambda time assumed: ${JSON.stringify(assumed)}`)
  say('US dollars for a million tasks; units are write units a task, beside them what DynamoDB Local says.\n')
  say(['case', 'pace', 'write units', 'reads', 'SQS', ...partNames.map(dollarsOf), 'TOTAL $/M'].join(' | '))
  const lists = listsFor(process.argv)
  for (const [events, scenarios] of lists) {
    const options = { workers: ['metered'], events, tickEveryMs: 5_000, idleSeconds: 600, rewrite: rewriteForMeter }
    const platform = await startPlatform(options)
    try {
      // The instance is there and warm before anything is counted.
      await submit(platform, plain, 5, 'single, steady')
      await ended(platform, 5, 0, 30_000)
      for (const scenario of scenarios) {
        const measured = await measure(platform, scenario)
        say(lineOf(scenario, priceOf(measured)))
        if (scenario.isSpread === true) say(busiestKey(measured.calls))
      }
    } finally {
      await platform[Symbol.asyncDispose]()
    }
  }
}

type List = readonly [events: string, scenarios: readonly Scenario[]]

function listsFor(asked: readonly string[]): readonly List[] {
  if (asked.includes('--flows')) return [['', flowScenarios]]
  if (asked.includes('--live')) return [['', watchedOrNot]]
  return [
    ['', withoutEvents],
    ['succeeded', withEvents],
  ]
}

async function measure(
  platform: Platform,
  { task, tasks, pace, mostMs = 30_000, ends = tasks, isWatched = false, afterwards }: Scenario,
): Promise<Measured> {
  const { proxy, mapping, containers, client } = platform
  await mapping.settled()
  const isSteady = pace !== 'trickle'
  // Whoever watches is told at once.
  mapping.pace.gatherMs = isSteady && !isWatched ? steadyGatherMs : 0
  // All are there before the first is taken, so that they are received in tens, as in a steady stream.
  if (isSteady) await client.pause('metered')
  if (isSteady) await pause(4_000)
  const from = proxy.calls.length
  const recordsBefore = mapping.counts.records - mapping.counts.filtered
  const invocationsBefore = mapping.counts.invocations
  const logBefore = containers.output().length
  let ids: readonly string[] = []
  if (isSteady) ids = await submit(platform, task, tasks, pace)
  else {
    for (let index = 0; index < tasks; index++) {
      const before = proxy.calls.length
      await submit(platform, task, 1, pace)
      await ended(platform, 1, before, 10_000)
      await pause(1_500)
    }
  }
  const watched = isWatched ? await watchAll(platform, ids) : undefined
  const submittedTo = proxy.calls.length
  if (isSteady) await client.resume('metered')
  await afterwards?.(platform, ids)
  await ended(platform, ends, from, mostMs)
  await mapping.settled()
  // Deletes are gathered for a second.
  await pause(1_500)
  // What the API was called for after the submits is the bench's own business, and the clock's ticks are nobody's.
  const ours = proxy.calls.filter(
    ({ role }, index) => index >= from && role !== 'clock' && (role !== 'api' || index < submittedTo || !isSteady),
  )
  const calls = ours.filter(isOfTasks)
  const watching = await watched?.()
  return {
    tasks,
    calls,
    // A token is a call as well.
    apiCalls: (pace === 'batches of 100, steady' ? Math.ceil(tasks / 100) : tasks) + (isWatched ? tasks : 0),
    watching,
    records: mapping.counts.records - mapping.counts.filtered - recordsBefore,
    invocations: mapping.counts.invocations - invocationsBefore,
    logBytes: containers.output().length - logBefore,
  }
}

/** Polls that brought nothing, looks at the fleet and at the clock's tick go on without any task. */
function isOfTasks({ service, action, output }: Platform['proxy']['calls'][number]): boolean {
  if (service === 'sqs' && action === 'ReceiveMessage') return ((output.Messages ?? []) as unknown[]).length > 0
  return service !== 'sqs' || action !== 'GetQueueAttributes'
}

async function submit({ client }: Platform, task: Shape, tasks: number, pace: Scenario['pace']): Promise<string[]> {
  const { command, arguments: args, ...options } = task
  if (pace === 'batches of 100, steady') {
    const ids: string[] = []
    for (let done = 0; done < tasks; done += 100) {
      const batch = Array.from({ length: Math.min(100, tasks - done) }, () => ({
        command,
        arguments: args,
        ...options,
      }))
      ids.push(...(await client.submitBatch(batch as never)))
    }
    return ids
  }
  const ids: string[] = []
  for (let index = 0; index < tasks; index++) ids.push((await client.submit(command, args as never, options)).id)
  return ids
}

/** Until the table has as many ends as there are tasks; asking the API would be counted. */
async function ended({ proxy }: Platform, tasks: number, from: number, mostMs: number): Promise<void> {
  const endsAtMs = performance.now() + mostMs
  for (;;) {
    const ends = proxy.calls.slice(from).filter(({ action, input, status }) => {
      const item = input.Item as { readonly stoppedAt?: unknown } | undefined
      return action === 'PutItem' && status === 200 && item?.stoppedAt !== undefined
    })
    if (ends.length >= tasks) return
    if (performance.now() > endsAtMs) throw new Error(`${ends.length} of ${tasks} ended in ${mostMs / 1_000} s`)
    await pause(100)
  }
}

function lineOf({ title, task, tasks, pace }: Scenario, { usage, parts, total }: Priced): string {
  const each = (count: number) => (count / tasks).toFixed(2)
  const units = `${each(usage.writeUnits)} (${each(usage.emulatedWriteUnits)})`
  const cells = [`${title} (${task.command})`, pace, units, each(usage.readUnits), each(usage.sqsRequests)]
  return [...cells, ...partNames.map((part) => parts[part].toFixed(2)), total.toFixed(2)].join(' | ')
}

function dollarsOf(part: Part): string {
  return `${part} $`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main()

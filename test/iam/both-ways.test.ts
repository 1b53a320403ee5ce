import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import { synthHub } from '../support/cdk/synth.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { type Account, accountOf } from '../support/iam/account.ts'
import { type Grant, refused, unused } from '../support/iam/both-ways.ts'
import type { IamRequest } from '../support/iam/evaluate.ts'
import { requestsOf } from '../support/iam/requests.ts'
import { hub, type Platform, startPlatform } from '../support/platform/platform.ts'
import { patient } from '../support/play-scenarios.ts'
import { acts } from './acts.ts'
import { createTester, testerName } from './tester.ts'

/**
 * A hub plays what hubs do, well and badly; then every call that its roles made is held against the template, and the
 * template against the calls.
 */

const workers = ['basics', 'burst', 'carrier', 'flows', 'talkative']
const directory = fileURLToPath(new URL('../../examples/orders', import.meta.url))

/** Scenarios and acts by their names: those of a lane one after another, since they share a worker. */
const lanes: readonly (readonly string[])[] = [
  [
    'a task is accepted, runs and gives its typed result',
    'a list is in pages, newest first, by command and status',
    'large arguments and outputs of 200 KB come through unharmed',
    'people change what they read while it waits, and delete it once it has ended',
    'after its last run it has failed, and a person may run it again',
    'a queued task is canceled at once',
  ],
  [
    'a message that is no bell is hidden',
    'an event becomes a task, and one that cannot is told so',
    'a worker under an isolation key gets what is submitted under it',
  ],
  [
    'a record that nobody can read becomes a note',
    'an event that the bus does not take is told by the clock, for a day',
    'a watcher sees the state, progress within a second or so, and the end',
    'a token that is taken back ends the connection that it opened, and no other',
    'who was away, and comes back, has the last state at once, also of a task that has ended meanwhile',
    "a user's tasks are seen together: those that are open, and a new one by itself",
    'an end that a watcher could not be told is told by the clock',
  ],
  [
    'a file that is put again replaces the one of its name',
    'files go with their task',
    'bytes that are gone are missed at the door, and by a run',
    'a payload that no task names goes after a week',
    'an instance that is told to go hands its run back',
  ],
  [
    'each run of a task has its own lines, and another task none of them',
    'a parent goes on with the outputs of its sub tasks in order',
    'a task may depend on one that has ended, and on one that its sibling is',
    'a signal wakes who waits, and a wrong one is refused meanwhile',
  ],
  [
    'a paused worker starts nothing, and goes on when resumed',
    'a task whose start window closed expires without running',
    'an instance is launched by the clock, killed, and missed',
    'a worker is deployed again and again, keeps its least number, and is removed',
  ],
]

interface Unseen {
  readonly to: readonly string[]
  readonly actions: readonly string[]
  /** Part of an ARN. */
  readonly on: string
  readonly because: string
}

const functions = ['api', 'reactor', 'clock', 'intake', 'registrar', 'live']
const byPath = 'Queues let roles in by their path, since they do not know those of other stacks.'

/** What no call of the hub's own programs can show. */
const unseen: readonly Unseen[] = [
  {
    to: functions,
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    on: `:log-group:/taskurai/${hub}/`,
    because: 'Lambda itself writes the log of a function, by its role.',
  },
  {
    to: ['reactor'],
    actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
    on: '/stream/',
    because: 'The mapping reads the stream by the role of its function; here the harness does.',
  },
  {
    to: ['reactor'],
    actions: ['s3:PutObject', 's3:ListBucket'],
    on: `:::taskurai-${hub}-`,
    because: 'The mapping puts what the reactor could not take into the bucket, by the role of its function.',
  },
  {
    to: ['intake'],
    actions: ['sqs:SendMessage'],
    on: '_attention',
    because: 'Lambda sends what makes no task there, by the role of its function.',
  },
  {
    to: ['start of workers'],
    actions: [
      ...['ecr:GetAuthorizationToken', 'ecr:BatchCheckLayerAvailability'],
      ...['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      ...['logs:CreateLogStream', 'logs:PutLogEvents'],
    ],
    on: '',
    because: 'ECS fetches the image and writes the log; here a process is started.',
  },
  {
    to: ['clock'],
    actions: ['dynamodb:UpdateItem'],
    on: ':table/',
    because: 'It counts ends that the reactor missed; here none is.',
  },
  { to: ['registrar', 'live', 'start of workers'], actions: ['sqs:SendMessage'], on: '-<worker>', because: byPath },
  { to: ['intake', 'registrar', 'live'], actions: ['sqs:GetQueueAttributes'], on: '-<worker>', because: byPath },
]

const mostMs = 300_000
const warmUpSeconds = 90

describe.skipIf(whyNoDynamo() !== undefined)('the roles of a hub', () => {
  let account: Account
  let requests: readonly IamRequest[]

  beforeAll(async () => {
    await using platform = await startPlatform({ workers, events: 'succeeded,failed' })
    await playAll(platform)
    account = accountOf(synthesize(), hub, platform)
    const calls = platform.proxy.calls.filter(({ role }) => role !== testerName)
    requests = calls.flatMap((call) => requestsOf(call, account))
  }, mostMs)

  it('are allowed every call that they make', () => {
    expect(refused(account, requests)).toEqual([])
  })

  it('are allowed nothing that they never call, but for what others do by them', () => {
    const granted = unused(account, requests)
    expect(granted.filter((grant) => !unseen.some((entry) => covers(entry, grant)))).toEqual([])
    // An entry that speaks of nothing any more would hide the next superfluous grant.
    const idle = unseen.flatMap(({ to, actions, ...entry }) =>
      to.flatMap((role) => actions.map((action) => ({ ...entry, to: [role], actions: [action] }))),
    )
    expect(idle.filter((entry) => !granted.some((grant) => covers(entry, grant)))).toEqual([])
  })
})

function covers({ to, actions, on }: Unseen, grant: Grant): boolean {
  return to.includes(grant.to) && actions.includes(grant.action) && grant.on.includes(on)
}

function synthesize() {
  return synthHub({ hubName: hub, events: { statuses: ['succeeded', 'failed'] } }, (made) => {
    for (const worker of workers) made.addWorker(worker, { image: { directory } })
  })
}

async function playAll(platform: Platform): Promise<void> {
  using tester = createTester(platform)
  const client = patient(platform.client)
  const first = [await client.submit('basics.started'), await client.submit('carrier.write', { text: '{}' })]
  for (const { id } of first) await client.wait(id, { timeoutSeconds: warmUpSeconds })
  const played = new Map<string, () => Promise<void>>([
    ...Object.values(scenarios).flatMap((group) =>
      group.map(({ name, play }) => [name, () => play({ client, home: 'account' })] as const),
    ),
    ...acts.map(({ name, play }) => [name, () => play(platform, tester)] as const),
  ])
  await Promise.all(
    lanes.map(async (lane) => {
      for (const name of lane) {
        const play = played.get(name)
        if (play === undefined) throw new Error(`there is neither a scenario nor an act called "${name}"`)
        await play()
      }
    }),
  )
}

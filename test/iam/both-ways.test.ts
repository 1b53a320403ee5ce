import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import { synthHub } from '../support/cdk/synth.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { type Account, accountOf } from '../support/iam/account.ts'
import { refused, unused } from '../support/iam/both-ways.ts'
import type { IamRequest } from '../support/iam/evaluate.ts'
import { requestsOf } from '../support/iam/requests.ts'
import { hub, type Platform, startPlatform } from '../support/platform/platform.ts'
import { acts } from './acts.ts'
import { createTester, testerName } from './tester.ts'

const workers = ['basics', 'burst', 'carrier']
const directory = fileURLToPath(new URL('../../examples/orders', import.meta.url))

describe.skipIf(whyNoDynamo() !== undefined)('the roles of a hub', () => {
  let account: Account
  let requests: readonly IamRequest[]

  beforeAll(async () => {
    const t0 = performance.now()
    const template = synthHub({ hubName: hub, events: { statuses: ['succeeded', 'failed'] } }, (made) => {
      for (const worker of workers) made.addWorker(worker, { image: { directory } })
    })
    console.log('synth', performance.now() - t0)
    await using platform = await startPlatform({ workers, events: 'succeeded,failed' })
    console.log('started', performance.now() - t0)
    await playAll(platform)
    console.log('played', performance.now() - t0)
    account = accountOf(template, hub, platform)
    requests = platform.proxy.calls
      .filter(({ role }) => role !== testerName)
      .flatMap((call) => requestsOf(call, account))
    console.log('calls', platform.proxy.calls.length)
  }, 300_000)

  it('are allowed every call that they made', () => {
    expect(refused(account, requests)).toEqual([])
  })

  it('are allowed nothing that none of them ever called', () => {
    expect(unused(account, requests)).toEqual([])
  })
})

/** One after another in each lane, since they share a worker; the lanes beside each other. */
const lanes: readonly (readonly string[])[] = [
  [
    'a task is accepted, runs and gives its typed result',
    'a list is in pages, newest first, by command and status',
    'large arguments and outputs of 200 KB come through unharmed',
    'people change what they read while it waits, and delete it once it has ended',
    'after its last run it has failed, and a person may run it again',
    'a queued task is canceled at once',
  ],
  ['a message that is no bell is hidden', 'an event becomes a task, and one that cannot is told so'],
  [
    'a record that nobody can read becomes a note',
    'an event that the bus does not take is told by the clock, for a day',
  ],
  [
    'a file that is put again replaces the one of its name',
    'files go with their task',
    'bytes that are gone are missed at the door, and by a run',
    'a payload that no task names goes after a week',
  ],
  [
    'a paused worker starts nothing, and goes on when resumed',
    'a task whose start window closed expires without running',
    'an instance is launched by the clock, killed, and missed',
    'a worker is deployed again and again, keeps its least number, and is removed',
  ],
]
const warmUpSeconds = 90

async function playAll(platform: Platform): Promise<void> {
  using tester = createTester(platform)
  const { client } = platform
  const play = async (name: string) => {
    const t = performance.now()
    const scenario = Object.values(scenarios)
      .flat()
      .find((each) => each.name === name)
    const act = acts.find((each) => each.name === name)
    if (scenario !== undefined) await scenario.play({ client, home: 'account' })
    else if (act !== undefined) await act.play(platform, tester)
    else throw new Error(`there is neither a scenario nor an act "${name}"`)
    console.log(Math.round(performance.now() - t), name)
  }
  // Scenarios wait for an answer no longer than a busy machine takes to start an instance.
  await Promise.all(
    [
      ['basics.started', {}],
      ['carrier.write', { text: '{}' }],
    ].map(async ([command, args]) =>
      client.wait((await client.submit(command as string, args)).id, { timeoutSeconds: warmUpSeconds }),
    ),
  )
  console.log('warm')
  await Promise.all(
    lanes.map(async (lane) => {
      for (const name of lane) await play(name)
    }),
  )
}

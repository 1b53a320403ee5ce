import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { synthHub } from '../support/cdk/synth.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { type Account, accountOf } from '../support/iam/account.ts'
import { refused, unused } from '../support/iam/both-ways.ts'
import type { IamRequest } from '../support/iam/evaluate.ts'
import { requestsOf } from '../support/iam/requests.ts'
import { hub, type Platform, startPlatform } from '../support/platform/platform.ts'
import { acts } from './acts.ts'
import { createTester, testerName } from './tester.ts'

const workers = ['basics', 'burst', 'carrier', 'faulty']
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

async function playAll(platform: Platform): Promise<void> {
  using tester = createTester(platform)
  const { client } = platform
  const timed = async (name: string, play: () => Promise<void>) => {
    const t = performance.now()
    try {
      await play()
    } catch (e) {
      console.log('FAILED', name, String(e))
    }
    console.log(Math.round(performance.now() - t), name)
  }
  const group = async (all: readonly Scenario[]) => {
    for (const { name, workers: needed, homes, play } of all) {
      if (homes !== undefined && !homes.includes('account')) continue
      if (!needed.every((w) => workers.includes(w))) continue
      await timed(name, () => play({ client, home: 'account' }))
    }
  }
  await Promise.all([
    ...Object.values(scenarios).map(group),
    ...acts
      .filter((a) => !a.name.startsWith('a worker'))
      .map(({ name, play }) => timed(name, () => play(platform, tester))),
  ])
  for (const { name, play } of acts.filter((a) => a.name.startsWith('a worker')))
    await timed(name, () => play(platform, tester))
}

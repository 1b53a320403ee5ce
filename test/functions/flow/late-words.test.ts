import { describe, expect, it } from 'vitest'
import type { OpenWait } from '#core/contract/steps'
import { openWait, readStep, remember } from '#core/flow/remembered'
import { createFlowHub, recordOfStep } from './flow-hub.ts'

/** Words of a run that come late: after another run has gone on, or after a person has begun the task anew. */

const error = { code: 'away', message: 'the bank is away', retryable: true }

describe('a late word', () => {
  it('of the begin of a step does not set back the try that is waited for', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const grant = await hub.one()
    const begun: OpenWait = { kind: 'step', id: 'pay', input: { order: 7 } }
    await hub.step(grant, { kind: 'open', wait: begun })
    const until = hub.world.clock.now() + 30_000
    await hub.suspend(grant, { ...begun, tries: 1, until, error })
    const head = await hub.head(id)
    const late = await openWait(hub.world, head, { wait: { ...begun, input: { order: 8 } }, kind: 'step' })
    expect(late.wait).toMatchObject({ tries: 1, until, input: { order: 7 } })
    await hub.pass(31_000)
    expect(recordOfStep(await hub.one(), 'pay')).toMatchObject({
      state: 'open',
      wait: { tries: 1, input: { order: 7 } },
    })
  })

  it('keeps the input that was frozen, whatever the next try says', async () => {
    const hub = await createFlowHub()
    const grant = await hub.submit().then(() => hub.one())
    await hub.step(grant, { kind: 'open', wait: { kind: 'step', id: 'pay', input: { order: 7 } } })
    const until = hub.world.clock.now() + 30_000
    await hub.suspend(grant, { kind: 'step', id: 'pay', tries: 1, until, error, input: { order: 8 } })
    await hub.pass(31_000)
    expect(recordOfStep(await hub.one(), 'pay')).toMatchObject({ wait: { tries: 1, input: { order: 7 } } })
  })

  it('from before a manual retry changes nothing that is remembered since', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const first = await hub.one()
    const before = await hub.head(id)
    await hub.fail(first)
    await hub.retry(id)
    await hub.one()
    const step = { id: 'pay', kind: 'step', state: 'failed', error, endedAt: 1 } as const
    await remember(hub.world, await hub.head(id), { ...step, era: 1 })
    expect(await remember(hub.world, before, { ...step, era: 0 })).toMatchObject({ era: 1 })
    expect(await readStep(hub.world, await hub.head(id), 'pay')).toMatchObject({ era: 1 })
  })
})

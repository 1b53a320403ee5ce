import { describe, expect, it } from 'vitest'
import { startFakeHub } from '../support/fake-hub.ts'
import { startInstanceProcess } from '../support/instance.ts'

const check = { TASKURAI_CHECK: '1' }

describe.concurrent('a check run against a hub that is a server', { timeout: 120_000 }, () => {
  it('reaches it with its keys, and neither registers nor takes anything', async () => {
    await using hub = await startFakeHub()
    hub.add({ command: 'echo', arguments: { n: 1 } })
    await using instance = startInstanceProcess(hub, check)
    expect(await instance.exited).toEqual({ code: 0, signal: null })
    expect(instance.output()).toMatch(/^worker w is well: \d+ commands, the hub at http:\/\/127\.0\.0\.1:\d+\/\n$/)
    expect(hub.calls).toEqual([])
  })

  it('fails where its keys are refused, and says what the hub said', async () => {
    await using hub = await startFakeHub({ refuseStatus: () => 403 })
    await using instance = startInstanceProcess(hub, check)
    expect(await instance.exited).toEqual({ code: 5, signal: null })
    expect(instance.output()).toMatch(/worker w cannot run here: .* answered 403/)
  })

  it('fails where there is no hub', async () => {
    await using hub = await startFakeHub()
    await hub.away(true)
    await using instance = startInstanceProcess(hub, check)
    expect(await instance.exited).toEqual({ code: 5, signal: null })
  })
})

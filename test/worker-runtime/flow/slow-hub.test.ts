import { describe, expect, it, vi } from 'vitest'
import { defineCommand, defineWorker, TaskAborted } from '#worker-runtime/index'
import { startFakeHub } from '../../support/fake-hub.ts'
import { startInstance } from '../../support/instance.ts'

/** A suspend whose answer takes its time: the run is the instance's until it comes. */

function createWorld() {
  const seen: string[] = []
  const nap = defineCommand({ name: 'nap' }, async (ctx) => {
    try {
      await ctx.sleep('nap', 3_600)
    } catch (error) {
      if (error instanceof TaskAborted) seen.push(error.reason)
      throw error
    }
  })
  const left = defineCommand({ name: 'returns' }, async (ctx) => {
    void ctx.sleep('nap', 3_600)
    await new Promise((resolve) => setTimeout(resolve, 100))
    return 'done'
  })
  return { seen, worker: defineWorker({ name: 'w', concurrency: 1, commands: [nap, left] }) }
}

const slow = (ms: number) => ({ delayMs: ({ op }: { readonly op: string }) => (op === 'suspend' ? ms : 0) })

describe.concurrent('a run that waits for the answer to its suspend', { timeout: 60_000 }, () => {
  it('keeps its lease', async () => {
    await using hub = await startFakeHub({ leaseSeconds: 3, ...slow(4_000) })
    const { worker, seen } = createWorld()
    await using instance = startInstance(hub, worker)
    hub.add({ command: 'nap' })
    await hub.until(() => hub.opsOf('renew').length >= 3, 'renewals meanwhile')
    hub.add({ command: 'returns' })
    await hub.until(() => hub.opsOf('suspend').length === 2, 'its place to be free')
    expect({ seen, released: hub.released }).toEqual({ seen: [], released: [] })
    expect(instance.logged.map(({ event }) => event)).not.toContain('lease.lost')
  })

  it('is handed back when the instance has to go', async () => {
    await using hub = await startFakeHub(slow(20_000))
    const { worker, seen } = createWorld()
    const instance = startInstance(hub, worker)
    const task = hub.add({ command: 'nap' })
    await hub.until(() => hub.opsOf('suspend').length === 1, 'the suspend')
    instance.stop()
    await vi.waitFor(() => expect(hub.released).toMatchObject([{ taskId: task, reason: 'shutdown' }]), {
      timeout: 10_000,
    })
    expect(seen).toEqual(['shutdown'])
    await instance.exit
  })

  it('ends behind that answer, if it ends before', async () => {
    const answer =
      (outcome: string) =>
      (call: { readonly op: string; readonly body: { readonly runs?: readonly { readonly run: string }[] } }) => {
        if (call.op !== 'suspend') return undefined
        const records = [{ id: 'nap', kind: 'sleep', state: 'done' }]
        return { runs: call.body.runs?.map(({ run }) => ({ run, outcome, records })) }
      }
    await using resolves = await startFakeHub({ ...slow(500), answer: answer('resolved') })
    await using _first = startInstance(resolves, createWorld().worker)
    await resolves.endOf(resolves.add({ command: 'returns' }))
    await using suspends = await startFakeHub({ ...slow(500), answer: answer('suspended') })
    await using _second = startInstance(suspends, createWorld().worker)
    suspends.add({ command: 'returns' })
    suspends.add({ command: 'returns' })
    await suspends.until(() => suspends.opsOf('suspend').length === 2, 'both')
    expect(suspends.ends.size).toBe(0)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunWorkerOptions } from '#worker-runtime/index'
import { versionsOf } from '../fixtures/workers/versions.ts'
import { keysOf, makeFolder, type OpenHubProcess, startHub } from '../support/hub-process.ts'
import { startInstance, type TestInstance } from '../support/instance.ts'
import { until } from '../support/until.ts'

/** One hub, the worker that everybody shares, and one of a developer's own beside it. */

const mostMs = 60_000
const timeoutSeconds = 40

describe('a hub that is shared', { timeout: mostMs }, () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let hub: OpenHubProcess

  beforeAll(async () => {
    folder = await makeFolder()
    // What it launches is everybody's, whatever whoever started it has in his environment.
    const env = { TASKURAI_ISOLATION_KEY: 'whoever' }
    hub = await startHub({ folder: folder.path, workers: ['versions'], env })
  }, mostMs)
  afterAll(async () => {
    await hub?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  function startHers(options: RunWorkerOptions = {}): TestInstance {
    const ended = { endpoint: hub.at, credentials: keysOf(folder.path), region: 'local', isolationKey: 'ann' }
    return startInstance({ endpoint: hub.at } as never, versionsOf('ann'), { ...ended, ...options })
  }

  async function told(version?: number, isolationKey?: string) {
    const { id } = await hub.client.submit('versions.tell', undefined, { version, isolationKey })
    return (await hub.client.wait(id, { timeoutSeconds })).result?.output
  }

  it('runs each version by the command that has it, and all others by the one without', async () => {
    expect(await told(2)).toEqual({ whose: 'everybody', handler: 'second', version: 2 })
    expect(await told(1)).toEqual({ whose: 'everybody', handler: 'any', version: 1 })
    expect(await told(7)).toEqual({ whose: 'everybody', handler: 'any', version: 7 })
    expect(await told()).toMatchObject({ handler: 'second', version: 2 })
  })

  it('gives a developer her own tasks and no others, and keeps them when she goes', async () => {
    await expect(hub.client.submit('versions.tell', undefined, { isolationKey: 'ann' })).rejects.toThrow(
      /under the isolation key ann; it is there without a key/,
    )
    const first = startHers()
    await until('her worker', async () => (await hub.client.workers()).some(({ name }) => name === 'versions~ann'))
    const all = await Promise.all(['ann', undefined, 'ann', undefined].map((key) => told(7, key)))
    expect(all.map((output) => (output as { whose: string }).whose)).toEqual(['ann', 'everybody', 'ann', 'everybody'])
    first.stop()
    expect(await first.exit).toMatchObject({ code: 0 })

    const { id } = await hub.client.submit('versions.tell', undefined, { isolationKey: 'ann' })
    await told()
    const { status, waitingFor, worker } = await hub.client.get(id)
    expect({ status, worker }).toEqual({ status: 'queued', worker: 'versions~ann' })
    expect(waitingFor?.message).toMatch(/no instance of versions~ann is running; start one by hand/)
    await using _second = startHers()
    expect((await hub.client.wait(id, { timeoutSeconds })).result?.output).toMatchObject({ whose: 'ann' })
  })
})

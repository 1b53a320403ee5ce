import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import type { Queue } from '#core/ports'
import { readFleet } from '#core/workers/fleet'
import { putWorker, readCommands, readWorkerNames } from '#core/workers/put-worker'
import { viewWorker } from '#core/workers/view'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** Workers that developers register under keys of their own, beside the one that everybody shares. */

function createHub(ensure?: Queue['ensure']) {
  const memory = createMemoryWorld()
  const world = ensure === undefined ? memory : { ...memory, queue: { ...queueOf(memory.queue), ensure } }
  const put = (name: string, isolationKey?: string, commands = ['order.confirm'], more: object = {}) => {
    const manifest = Manifest.parse({ name, isolationKey, commands: commands.map((command) => ({ name: command })) })
    return putWorker(world, { manifest, by: 'ann', ...more })
  }
  return { world, memory, put }
}

function queueOf({ receive, extend, done, depth }: Queue): Queue {
  return { receive, extend, done, depth }
}

describe('a worker under an isolation key', () => {
  it('is one of its own: in the registry, with its fleet, its commands and its queue', async () => {
    const { world, put } = createHub()
    await put('orders')
    await put('orders', 'ann', ['order.confirm', 'order.draft'])
    expect(await readWorkerNames(world)).toEqual(['orders', 'orders~ann'])
    const commands = (await readCommands(world)).map(({ worker, name }) => `${worker} ${name}`)
    expect(commands).toEqual(['orders order.confirm', 'orders~ann order.confirm', 'orders~ann order.draft'])
    expect((await readFleet(world, 'orders~ann'))?.fleet).toMatchObject({ worker: 'orders~ann' })
    expect(await viewWorker(world, 'orders~ann')).toMatchObject({ name: 'orders~ann', backlog: 0 })
    expect(await viewWorker(world, 'orders')).toMatchObject({ commands: [{ name: 'order.confirm' }] })
  })

  it('hosts what its shared worker does, and nothing of anybody else', async () => {
    const { put } = createHub()
    await put('orders')
    await put('orders', 'ann')
    await put('orders', 'bob')
    const words = /order\.confirm belongs to the worker orders/
    await expect(put('mail', 'ann')).rejects.toThrow(words)
    await expect(put('mail')).rejects.toThrow(words)
  })

  it('keeps a command for its name, before anybody shares it', async () => {
    const { put } = createHub()
    await put('orders', 'ann')
    await expect(put('mail')).rejects.toMatchObject({ code: 'conflict' })
    await put('orders')
  })

  it('is never launched by the hub', async () => {
    const { world, put } = createHub()
    const launched = put('orders', 'ann', undefined, { launch: { module: '/home/ann/orders.ts' } })
    await expect(launched).rejects.toMatchObject({ code: 'invalid', issues: [{ field: '/launch' }] })
    expect(await readWorkerNames(world)).toEqual([])
  })
})

describe('the queue of a key', () => {
  it('is made before anybody can submit to it, and no other queue is', async () => {
    const made: string[] = []
    const { put, memory } = createHub(async (worker) => {
      expect(await readWorkerNames(memory)).not.toContain(worker)
      made.push(worker)
    })
    await put('orders')
    await put('orders', 'ann')
    expect(made).toEqual(['orders~ann'])
  })

  it('that cannot be made leaves nothing registered, and the next try may do it', async () => {
    let tries = 0
    const { world, put } = createHub(async () => {
      if (++tries === 1) throw new Error('no queue today')
    })
    await expect(put('orders', 'ann')).rejects.toThrow('no queue today')
    expect(await readWorkerNames(world)).toEqual([])
    expect(await readCommands(world)).toEqual([])
    await put('orders', 'ann')
    expect(await readWorkerNames(world)).toEqual(['orders~ann'])
  })
})

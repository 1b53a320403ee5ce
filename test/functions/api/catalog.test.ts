import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import { putWorker } from '#core/workers/put-worker'
import { createCatalog } from '#functions/api/catalog'
import { createMemoryWorld } from '../../support/memory-world.ts'

function createWorld() {
  const world = createMemoryWorld()
  let reads = 0
  const { list } = world.store
  let gate: Promise<void> | undefined
  Object.assign(world.store, {
    list: async (range: Parameters<typeof list>[0]) => {
      const page = await list(range)
      if (range.pk === 'REGISTRY') {
        reads++
        await gate
      }
      return page
    },
  })
  const register = (...names: string[]) => {
    const manifest = Manifest.parse({ name: 'w', commands: names.map((name) => ({ name })) })
    return putWorker(world, { manifest, by: 'ann' })
  }
  const holdReads = () => {
    const open = new AbortController()
    gate = new Promise((resolve) => open.signal.addEventListener('abort', () => resolve()))
    return () => {
      gate = undefined
      open.abort()
    }
  }
  return { world, catalog: createCatalog(world), register, holdReads, reads: () => reads }
}

describe('the catalog', () => {
  it('is read once for many questions at once', async () => {
    const { catalog, register, reads } = createWorld()
    await register('a')
    const before = reads()
    await Promise.all(Array.from({ length: 50 }, () => catalog.resolve('a', undefined)))
    expect(reads() - before).toBe(1)
  })

  it('is read at most once a second for what does not exist', async () => {
    const { catalog, register, reads, world } = createWorld()
    await register('a')
    await catalog.resolve('a', undefined)
    const before = reads()
    const ask = () => catalog.resolve('none', undefined).catch((error: { code: string }) => error.code)
    for (let index = 0; index < 50; index++) expect(await ask()).toBe('unknown-command')
    expect(reads() - before).toBe(0)
    await world.clock.advance(1_001)
    for (let index = 0; index < 50; index++) await ask()
    expect(reads() - before).toBe(1)
  })

  it('knows what another program registered after a while', async () => {
    const { catalog, register, world } = createWorld()
    await register('a')
    await catalog.resolve('a', undefined)
    await register('a', 'b')
    await world.clock.advance(1_001)
    expect((await catalog.resolve('b', undefined)).resolved.name).toBe('b')
  })

  it('does not keep what a read saw that began before something was registered', async () => {
    const { catalog, register, holdReads } = createWorld()
    await register('a')
    const release = holdReads()
    const early = catalog.resolve('a', undefined)
    const names = catalog.names()
    await new Promise((resolve) => setImmediate(resolve))
    release()
    await Promise.all([early, names])
    const releaseLate = holdReads()
    catalog.forget()
    const late = catalog.names()
    await new Promise((resolve) => setImmediate(resolve))
    releaseLate()
    await register('b')
    catalog.forget()
    await late
    expect((await catalog.resolve('b', undefined)).resolved.name).toBe('b')
    expect(await catalog.names()).toEqual(['b'])
  })

  it('asks again after a read that failed', async () => {
    const { catalog, register, world } = createWorld()
    await register('a')
    const { list } = world.store
    Object.assign(world.store, { list: () => Promise.reject(new Error('away')) })
    await expect(catalog.names()).rejects.toThrow('away')
    Object.assign(world.store, { list })
    expect(await catalog.names()).toEqual(['a'])
  })
})

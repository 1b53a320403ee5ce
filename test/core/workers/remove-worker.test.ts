import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import { readFleet } from '#core/workers/fleet'
import { putWorker, readCommands, readWorkerNames } from '#core/workers/put-worker'
import { removeWorker } from '#core/workers/remove-worker'
import { scaleWorker } from '#core/workers/scale-worker'
import { viewWorker, waitingFor } from '#core/workers/view'
import { createCatalog } from '#functions/api/catalog'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { created } from '../tasks/fixtures.ts'

const launcher = { launch: () => Promise.reject(new Error('nothing is to be launched')) }
const manifest = Manifest.parse({ name: 'mill', commands: [{ name: 'mill.grind' }], scaling: { min: 1, max: 4 } })

async function aMill(owner = 'stack A'): Promise<MemoryWorld> {
  const world = createMemoryWorld()
  await put(world, owner)
  return world
}

function put(world: MemoryWorld, owner: string) {
  return putWorker(world, { manifest, launch: { image: 1 }, generation: 'acme-mill:7', owner, by: 'ann' })
}

const mill = { worker: 'mill', owner: 'stack A', by: 'ann' }

describe('a worker that is removed', () => {
  it('launches nothing, takes no submits and says so, and what waits says why', async () => {
    const world = await aMill()
    const head = await created(world)
    expect(await removeWorker(world, mill)).toBe('removed')
    expect(await scaleWorker(world, launcher, { worker: 'mill', recordBells: 3 })).toEqual({
      kind: 'held',
      why: 'removed',
    })
    expect(await readWorkerNames(world)).toEqual([])
    expect(await readCommands(world)).toEqual([])
    expect(await viewWorker(world, 'mill')).toBeUndefined()
    await expect(createCatalog(world).resolve('mill.grind', undefined)).rejects.toThrow(
      'mill.grind is not taken any more: the worker mill, which hosted it, was removed on 2026-01-15T12:00:00.000Z',
    )
    expect(await waitingFor(world, head)).toEqual({
      kind: 'worker',
      message: 'mill was removed on 2026-01-15T12:00:00.000Z: this waits until it is deployed again',
    })
  })

  it('may be removed again and again, and from the middle of it', async () => {
    const world = await aMill()
    world.upsets.push(undefined, 'before')
    await expect(removeWorker(world, mill)).rejects.toThrow('away')
    expect(await readWorkerNames(world)).toEqual(['mill'])
    await world.clock.advance(5_000)
    expect(await removeWorker(world, mill)).toBe('removed')
    expect(await removeWorker(world, mill)).toBe('removed')
    expect(await readWorkerNames(world)).toEqual([])
    expect((await readFleet(world, 'mill'))?.fleet.removed).toMatchObject({ at: world.clock.now() - 5_000 })
  })

  it('is there again with all its tasks when it is deployed again', async () => {
    const world = await aMill()
    const head = await created(world)
    await removeWorker(world, mill)
    await put(world, 'stack B')
    expect(await readWorkerNames(world)).toEqual(['mill'])
    expect((await createCatalog(world).resolve('mill.grind', undefined)).resolved.worker).toBe('mill')
    expect(await waitingFor(world, head)).toMatchObject({ kind: 'instance' })
  })

  it('its commands may move to another worker', async () => {
    const world = await aMill()
    await removeWorker(world, mill)
    await putWorker(world, { manifest: { ...manifest, name: 'bakery' }, generation: 'acme-bakery:1', by: 'ann' })
    expect((await createCatalog(world).resolve('mill.grind', undefined)).resolved.worker).toBe('bakery')
  })

  it('stays with its deployment when somebody puts it who is none', async () => {
    const world = await aMill()
    await putWorker(world, { manifest, launch: { image: 2 }, by: 'ann' })
    expect(await removeWorker(world, mill)).toBe('removed')
  })

  it('one that was never there, or that another deployment has by now, is left alone', async () => {
    const world = await aMill('stack B')
    expect(await removeWorker(world, { ...mill, worker: 'none' })).toBe('absent')
    expect(await removeWorker(world, mill)).toBe('of-another')
    expect(await readWorkerNames(world)).toEqual(['mill'])
    expect((await readFleet(world, 'mill'))?.fleet.removed).toBeUndefined()
  })
})

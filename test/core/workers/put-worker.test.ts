import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import { putWorker, readCommands, readWorkerNames } from '#core/workers/put-worker'
import { viewWorker, waitingFor } from '#core/workers/view'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { created, register } from '../tasks/fixtures.ts'

function manifestOf(name: string, ...commands: readonly string[]): Manifest {
  return Manifest.parse({ name, commands: commands.map((command) => ({ name: command })) })
}

describe('putWorker', () => {
  it('registers commands, changes the generation with the manifest, and drops what is no longer in it', async () => {
    const world = createMemoryWorld()
    const put = (...commands: readonly string[]) =>
      putWorker(world, { manifest: manifestOf('mill', ...commands), by: 'ann' })
    const first = await put('mill.grind', 'mill.sift')
    expect((await put('mill.grind', 'mill.sift')).wanted).toBe(first.wanted)
    const second = await put('mill.grind')
    expect(second.wanted).not.toBe(first.wanted)
    expect((await readCommands(world)).map(({ name }) => name)).toEqual(['mill.grind'])
    expect(await readWorkerNames(world)).toEqual(['mill'])
  })

  it('refuses a command that belongs to another worker', async () => {
    const world = createMemoryWorld()
    await putWorker(world, { manifest: manifestOf('mill', 'mill.grind'), by: 'ann' })
    const other = putWorker(world, { manifest: manifestOf('bakery', 'mill.grind'), by: 'ann' })
    await expect(other).rejects.toMatchObject({ code: 'conflict' })
    expect(await readWorkerNames(world)).toEqual(['mill'])
  })

  it('a generation that its launcher names is taken as it is, and putting it again may change the scale', async () => {
    const world = createMemoryWorld()
    const manifest = manifestOf('mill', 'mill.grind')
    const put = (max: number) =>
      putWorker(world, { manifest: { ...manifest, scaling: { min: 0, max } }, generation: 'acme-mill:7', by: 'ann' })
    expect((await put(4)).wanted).toBe('acme-mill:7')
    expect(await put(9)).toMatchObject({ wanted: 'acme-mill:7', manifest: { scaling: { max: 9 } } })
  })

  it('two at once end with one fleet', async () => {
    const world = createMemoryWorld()
    const put = () => putWorker(world, { manifest: manifestOf('mill', 'mill.grind'), by: 'ann' })
    const [one, other] = await Promise.all([put(), put()])
    expect(one.wanted).toBe(other.wanted)
  })
})

describe('what people see', () => {
  it('a worker with its backlog, and why a task waits', async () => {
    const world = createMemoryWorld()
    await register(world)
    const head = await created(world)
    await created(world, { task: { startAfter: { seconds: 60 } } })
    expect(await viewWorker(world, 'mill')).toMatchObject({ name: 'mill', backlog: 2, instances: 0, paused: false })
    expect(await viewWorker(world, 'none')).toBeUndefined()
    expect(await waitingFor(world, head)).toMatchObject({ kind: 'instance' })
    expect(await waitingFor(world, { ...head, startAfter: world.clock.now() + 1 })).toMatchObject({ kind: 'start' })
    expect(await waitingFor(world, { ...head, retryAfter: world.clock.now() + 1 })).toMatchObject({ kind: 'retry' })
    expect(await waitingFor(world, { ...head, worker: 'none' })).toMatchObject({ kind: 'worker' })
    expect(await waitingFor(world, { ...head, status: 'failed' })).toBeUndefined()
  })
})

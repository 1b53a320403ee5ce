import { expect, test } from 'vitest'
import { changeFleet, readFleet, readInstances, startingCount } from '#core/workers/fleet'
import { registerInstance } from '#core/workers/instances'
import { putWorker } from '#core/workers/put-worker'
import { forgetMissing, freeRunsOfTheDead } from '#embedded/dead-instances'
import { createMemoryWorld } from '../support/memory-world.ts'

const manifest = {
  manifest: 1 as const,
  name: 'mill',
  commands: [{ name: 'mill.grind', version: 1 }],
  concurrency: 1,
  scaling: { min: 0, max: 2 },
  idleSeconds: 30,
}

async function createMill() {
  const world = createMemoryWorld()
  await putWorker(world, { manifest, launch: { module: 'mill' }, by: 'ann' })
  return world
}

test('instances that do not come back to the next hub hold no places', async () => {
  const world = await createMill()
  for (const instance of ['back', 'missing']) {
    const of = { instance, worker: 'mill', generation: 'g', concurrency: 1, launch: instance, pid: process.pid }
    await registerInstance(world, of)
  }
  await freeRunsOfTheDead(world, [])
  expect(await readInstances(world, 'mill')).toHaveLength(2)
  await forgetMissing(world, (instance) => instance === 'back')
  expect(await readInstances(world, 'mill')).toMatchObject([{ id: 'back' }])
})

test('what a dead hub had launched is not waited for by the next one', async () => {
  const world = await createMill()
  const at = world.clock.now()
  await changeFleet(world, 'mill', (fleet) => ({
    ...fleet,
    launches: [
      { token: 'answered', generation: fleet.wanted, count: 1, at, ids: ['answered-0'] },
      { token: 'unanswered', generation: fleet.wanted, count: 1, at, spec: { module: 'mill' } },
    ],
  }))
  await freeRunsOfTheDead(world, [])
  const fleet = (await readFleet(world, 'mill'))?.fleet
  expect(fleet === undefined ? undefined : startingCount(fleet, at)).toBe(0)
})

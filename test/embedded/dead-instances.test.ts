import { expect, test } from 'vitest'
import { changeFleet, readFleet, startingCount } from '#core/workers/fleet'
import { putWorker } from '#core/workers/put-worker'
import { freeRunsOfTheDead } from '#embedded/dead-instances'
import { createMemoryWorld } from '../support/memory-world.ts'

test('what a dead hub had launched is not waited for by the next one', async () => {
  const world = createMemoryWorld()
  const manifest = {
    manifest: 1 as const,
    name: 'mill',
    commands: [{ name: 'mill.grind', version: 1 }],
    concurrency: 1,
    scaling: { min: 0, max: 2 },
    idleSeconds: 30,
  }
  await putWorker(world, { manifest, launch: { module: 'mill' }, by: 'ann' })
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

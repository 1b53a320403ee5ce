import { expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import { readInstances } from '#core/workers/fleet'
import { putWorker } from '#core/workers/put-worker'
import { removeWorker } from '#core/workers/remove-worker'
import { createWorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createMemoryWorld } from '../../support/memory-world.ts'

it('an instance of a worker that was removed is told to take nothing more, and may leave as the last of it', async () => {
  const world = createMemoryWorld()
  const manifest = Manifest.parse({ name: 'mill', commands: [{ name: 'mill.grind' }], scaling: { min: 1, max: 4 } })
  const put = await putWorker(world, { manifest, launch: { image: 1 }, generation: 'g', owner: 'stack A', by: 'ann' })
  const calls = createWorkerCalls(world, (ask) => putWorker(world, ask))
  let nonces = 0
  const say = (op: Parameters<typeof calls.call>[0], fields: object) =>
    calls.call(op, { worker: 'mill', instance: 'i1', nonce: `n${nonces++}`, ...fields }, 'ann')
  await say('register', { concurrency: 1, runs: [], generation: put.wanted })
  await expect(say('leave', { phase: 'leaving' })).rejects.toThrow('keeps this instance')
  await removeWorker(world, { worker: 'mill', owner: 'stack A', by: 'ann' })
  expect(await say('receive', { slots: 1, waitSeconds: 20 })).toEqual({ grants: [], drain: true })
  await say('leave', { phase: 'leaving' })
  await say('leave', { phase: 'gone' })
  expect(await readInstances(world, 'mill')).toEqual([])
})

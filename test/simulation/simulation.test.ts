import { describe, expect, it } from 'vitest'
import { runSeed } from './run.ts'

const seedsToRun = 150

describe('a simulated hub', () => {
  it(`loses nothing, runs nothing twice and leaves nothing stuck, whatever fails (${seedsToRun} seeds)`, async () => {
    const moves = new Set<string>()
    for (let seed = 1; seed <= seedsToRun; seed++) {
      const { breach, notes } = await runSeed(seed)
      expect(breach, `npm run simulate -- --seed ${seed} --trace`).toBeUndefined()
      for (const move of notes.keys()) moves.add(move)
    }
    // A world in which nothing happens proves nothing.
    expect([...moves]).toEqual(
      expect.arrayContaining([
        'running → succeeded',
        'running → queued',
        'running → waiting',
        'running → canceled',
        'failed → queued',
        'queued → canceled',
        'queued → expired',
        'waiting → queued',
        'running → suspended',
        'suspended → running',
        'suspended → queued',
        'suspended → canceled',
        'waiting → failed',
      ]),
    )
  }, 300_000)

  it('is the same world for the same seed', async () => {
    const [first, again] = [await runSeed(7, { wantsTrace: true }), await runSeed(7, { wantsTrace: true })]
    expect(again.trace).toEqual(first.trace)
    expect(first.trace.length).toBeGreaterThan(100)
  })
})

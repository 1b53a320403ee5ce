import { expect, test } from 'vitest'
import { BellQueue } from '#adapters/memory/bell-queue'
import type { Clock } from '#core/ports'
import { aBell, anId } from '../../conformance/world.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

test('a queue sets no alarm once nobody waits for its bells: a process could not end before', async () => {
  const clock = new VirtualClock()
  const set = new Set<AbortSignal | undefined>()
  const counting: Clock = {
    now: clock.now,
    monotonicMs: clock.monotonicMs,
    wait: (ms, signal) => {
      set.add(signal)
      return clock.wait(ms, signal).finally(() => set.delete(signal))
    },
  }
  const queue = new BellQueue(counting)
  queue.send([aBell(anId(), { worker: 'mill', delayMs: 70_000 })])
  const leaving = new AbortController()
  const received = queue.receive({ worker: 'mill', max: 1, holdMs: 2_000, waitMs: 20_000, signal: leaving.signal })
  await clock.advance(1)
  expect(set.size).toBe(2)
  leaving.abort()
  expect(await received).toEqual([])
  await clock.advance(1)
  expect(set.size).toBe(0)
})

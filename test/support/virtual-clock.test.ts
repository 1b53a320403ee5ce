import { describe, expect, it } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

describe('VirtualClock', () => {
  it('fires timers in the order in which they are due, also those that a timer sets', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const later = async (name: string, ms: number) => {
      await clock.wait(ms)
      fired.push(`${name}@${clock.monotonicMs()}`)
      if (name === 'first') await later('of first', 5)
    }
    const all = Promise.all([later('second', 20), later('first', 10), later('twin', 20)])
    await clock.advance(30)
    await all
    expect(fired).toEqual(['first@10', 'of first@15', 'second@20', 'twin@20'])
  })

  it('stands still between two advances and moves both clocks together', async () => {
    const clock = new VirtualClock(1_000)
    await clock.advance(250)
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_250, 250])
    clock.sleep(1_000)
    expect([clock.now(), clock.monotonicMs()]).toEqual([2_250, 250])
  })

  it('rejects an aborted wait, before and during it', async () => {
    const clock = new VirtualClock()
    const abort = new AbortController()
    const wait = clock.wait(10, abort.signal)
    abort.abort()
    await expect(wait).rejects.toThrow('aborted')
    await expect(clock.wait(10, abort.signal)).rejects.toThrow('aborted')
  })
})

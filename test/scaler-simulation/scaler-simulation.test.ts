import { describe, expect, it } from 'vitest'
import { playBacklog } from './backlog.ts'
import { play } from './play.ts'
import { traceOf, traces } from './traces.ts'

/**
 * The real scaler, reactor, clock and worker protocol over an account that is modelled: Fargate starts late, counts are
 * old, answers get lost, and each event is followed by the invariants (invariants.ts, watch.ts). The figures of all
 * traces: `node --import tsx test/scaler-simulation/run.ts`.
 */
describe('the scaler, simulated', { timeout: 60_000 }, () => {
  it.each(traces.map((trace) => [trace.name, trace] as const))('%s', async (_, trace) => {
    const { breach, tasks } = await play(trace)
    expect(breach).toBeUndefined()
    expect(tasks).toBeGreaterThan(0)
  })

  it('pays for a bounded number of tries with an image that cannot start, ever more seldom', async () => {
    const { site } = await play(traceOf('an image that cannot start'))
    const firstHour = site.fargate.launchedAtMs.filter((ms) => ms < 3_600_000)
    // All that the work asked for, and then one after each delay.
    const { max } = site.trace.scaling
    expect(firstHour.length).toBeGreaterThan(max)
    expect(firstHour.length).toBeLessThanOrEqual(max + 12)
    const delays = site.watch.breakerMs.map((ms) => Math.round(ms / 1_000))
    expect(delays.slice(0, 6)).toEqual([30, 60, 120, 240, 480, 600])
    expect(new Set(delays.slice(6))).toEqual(new Set([600]))
  })

  it('100,000 tasks that wait for 55 minutes cost two writes a minute and no bell', async () => {
    const { site, spent } = await playBacklog({ tasks: 100_000, concurrency: 10, fromSeconds: 300, seconds: 3_300 })
    expect(site.breach).toBeUndefined()
    expect(site.fargate.containers.size).toBe(2)
    expect(spent.sends).toBe(0)
    expect(spent.depthAsks).toBeLessThanOrEqual(55)
    expect(spent.fleetWrites).toBeLessThanOrEqual(55)
    // The clock's own tick, and every five minutes which workers wait.
    expect(spent.writes - spent.fleetWrites).toBeLessThanOrEqual(55 + 12)
  })

  it('tasks that wait for a day are looked at twice, and no bell is sent for them', async () => {
    const tasks = 500
    const minutes = 25 * 60
    const { site, spent } = await playBacklog({ tasks, concurrency: 1, fromSeconds: 300, seconds: minutes * 60 })
    expect(site.breach).toBeUndefined()
    expect(spent.sends).toBe(0)
    // A guard at an hour, its move to a day later, and the next one: all else is the look of each minute.
    expect(spent.writes).toBeLessThanOrEqual(2.5 * minutes + 3 * tasks)
    expect(spent.writes).toBeGreaterThan(3 * (tasks - 2))
  })

  it('is the same world for the same seed, and another one for another', async () => {
    const figures = async (seed: number) => {
      const { site, trace, ideal, ...rest } = await play(traceOf('burst of 300'), { seed })
      return { ...rest, steps: site.schedule.steps, endMs: site.schedule.nowMs, ideal, name: trace.name }
    }
    const first = await figures(7)
    expect(await figures(7)).toEqual(first)
    expect(await figures(8)).not.toEqual(first)
  })
})

import { expect, test } from 'vitest'
import { parseCpuTicks, readCpuMicros } from '../../bench/processes.ts'
import { nowMs } from '../../bench/subject.ts'
import { startWorkerProcess } from '../../bench/worker-process.ts'

const WORKER = new URL('../fixtures/bench-worker.ts', import.meta.url)

// Vitest's own loader isn't handed on to a child, so these name the one that the bench runs with.
process.execArgv.push('--import', 'tsx')

test('a worker tells when a number of tasks is finished, and how many handlers it started for them', async () => {
  const worker = await startWorkerProcess(WORKER, ['3', 'twice'])
  try {
    const drained = await worker.finished(3)
    expect(drained.started).toBe(6)
    expect(drained.firstStartMs).toBeLessThanOrEqual(drained.lastFinishMs)
    expect(Math.abs(drained.lastFinishMs - nowMs())).toBeLessThan(10_000)
  } finally {
    await worker.stop()
  }
})

test('a watched worker tells the start of the next handler', async () => {
  const worker = await startWorkerProcess(WORKER, ['1'])
  try {
    const start = worker.nextStart()
    await worker.watchStarts()
    expect(Math.abs((await start) - nowMs())).toBeLessThan(10_000)
  } finally {
    await worker.stop()
  }
})

test('a worker that dies ends the wait for it', async () => {
  const worker = await startWorkerProcess(WORKER, ['0', 'crash'])
  await expect(worker.finished(1)).rejects.toThrow()
  await worker.stop()
})

test('CPU ticks are those of the process and of the children it reaped, whatever its name', () => {
  expect(parseCpuTicks('12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0 1 0')).toBe(127)
})

test('the CPU time of a process that is gone is unknown, not zero', async () => {
  expect(await readCpuMicros([2 ** 30])).toBeUndefined()
})

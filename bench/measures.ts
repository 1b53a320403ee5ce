/**
 * The measures. They run in this order in each round, on servers that are new in that round, and each leaves an empty
 * queue behind, but for the last.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { readCpuMicros } from './processes.ts'
import { percentile } from './statistics.ts'
import { CONCURRENCY, nowMs, type Subject, type SubjectWorker } from './subject.ts'
import { submitAll, WARM_UP_TASKS, withWorker } from './submitting.ts'

export interface Sizes {
  readonly tasks: number
  readonly singles: number
  readonly samples: number
}

/** By name, so that a subject which can't tell one (CPU time without /proc) simply leaves it out. */
export type Figures = Readonly<Record<string, number>>

export interface Measure {
  readonly name: string
  run(subject: Subject, sizes: Sizes): Promise<Figures>
}

const WARM_UP_SAMPLES = 20
const SAMPLE_EVERY_MS = 50
const GOLDEN_FRACTION = 0.618

export const MEASURES: readonly Measure[] = [
  { name: 'drain', run: drain },
  { name: 'end-to-end', run: endToEnd },
  { name: 'latency', run: latency },
  { name: 'singles', run: singles },
]

/** Submits with no worker there; then one worker, fresh, drains the queue, timed from its first handler. */
async function drain(subject: Subject, { tasks }: Sizes): Promise<Figures> {
  const submitMs = await timed(() => submitAll(subject, tasks))
  return await withWorker(subject, async (worker) => {
    const { firstStartMs, lastFinishMs, started } = await worker.finished(tasks)
    return {
      'submit/s': perSecond(tasks, submitMs),
      'run/s': perSecond(tasks, lastFinishMs - firstStartMs),
      'runs too many': started - tasks,
    }
  })
}

/** Submits while a warm worker runs; the clock stops when the last task is finished. CPU time is that of this span. */
async function endToEnd(subject: Subject, { tasks }: Sizes): Promise<Figures> {
  return await withWorker(
    subject,
    async (worker) => {
      const before = await cpu(subject, worker)
      const beginMs = nowMs()
      const drained = worker.finished(WARM_UP_TASKS + tasks)
      await submitAll(subject, tasks)
      const { lastFinishMs } = await drained
      const after = await cpu(subject, worker)
      const figures: Record<string, number> = { 'end to end/s': perSecond(tasks, lastFinishMs - beginMs) }
      figures['submitter CPU µs'] = (after.submitter - before.submitter) / tasks
      if (before.server === undefined || after.server === undefined) return figures
      if (before.worker === undefined || after.worker === undefined) return figures
      const server = (after.server - before.server) / tasks
      return {
        ...figures,
        'server CPU µs': server,
        'server+worker CPU µs': server + (after.worker - before.worker) / tasks,
      }
    },
    WARM_UP_TASKS,
  )
}

/** From just before a single submit to the start of its handler, one at a time, while nothing else is to be done. */
async function latency(subject: Subject, { samples }: Sizes): Promise<Figures> {
  return await withWorker(
    subject,
    async (worker) => {
      await worker.watchStarts()
      const tookMs: number[] = []
      for (let i = 0; i < WARM_UP_SAMPLES + samples; i++) {
        const starting = worker.nextStart()
        const beginMs = nowMs()
        const [startedMs] = await Promise.all([starting, subject.submitOne()])
        if (i >= WARM_UP_SAMPLES) tookMs.push(startedMs - beginMs)
        // Spread evenly between 0.8 and 1.2 of the pace: a fixed one could march in step with a timer of the subject.
        await pause(SAMPLE_EVERY_MS * (0.8 + 0.4 * ((i * GOLDEN_FRACTION) % 1)))
      }
      return { 'latency p50 ms': percentile(tookMs, 0.5), 'latency p99 ms': percentile(tookMs, 0.99) }
    },
    WARM_UP_TASKS,
  )
}

/** Single submits, as many at once as the concurrency, with no worker there. */
async function singles(subject: Subject, sizes: Sizes): Promise<Figures> {
  let left = sizes.singles
  const submitter = async () => {
    while (left-- > 0) await subject.submitOne()
  }
  const tookMs = await timed(() => Promise.all(Array.from({ length: CONCURRENCY }, submitter)))
  return { 'single submits/s': perSecond(sizes.singles, tookMs) }
}

async function cpu(subject: Subject, worker: SubjectWorker) {
  const { user, system } = process.cpuUsage()
  const [server, own] = await Promise.all([readCpuMicros(subject.serverPids()), readCpuMicros([worker.pid])])
  return { server, worker: own, submitter: user + system }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beginMs = performance.now()
  await work()
  return performance.now() - beginMs
}

const perSecond = (count: number, ms: number): number => (count / ms) * 1_000

/** What measures have in common: submitting many tasks, having a worker for a while, warming up. */
import { BATCH_SIZE, CONCURRENCY, type Subject, type SubjectWorker } from './subject.ts'

export const WARM_UP_TASKS = 2_000

/** Runs what a subject does for the first time (code compiled, connections opened, log created) before any clock. */
export async function warmUp(subject: Subject): Promise<void> {
  await Promise.all(Array.from({ length: CONCURRENCY }, () => subject.submitOne()))
  await withWorker(subject, (worker) => worker.finished(WARM_UP_TASKS + CONCURRENCY), WARM_UP_TASKS)
}

/** Uses one worker process and ends it; where tasks are given, it has run so many before it is used. */
export async function withWorker<T>(subject: Subject, use: (worker: SubjectWorker) => Promise<T>, warmUpTasks = 0) {
  const worker = await subject.startWorker(CONCURRENCY)
  try {
    await submitAll(subject, warmUpTasks)
    if (warmUpTasks > 0) await worker.finished(warmUpTasks)
    return await use(worker)
  } finally {
    await worker.stop()
  }
}

export async function submitAll(subject: Subject, tasks: number): Promise<void> {
  for (let left = tasks; left > 0; left -= BATCH_SIZE) await subject.submitBatch(Math.min(left, BATCH_SIZE))
}

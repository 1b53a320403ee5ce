/** A subject of the bench without processes: tasks are numbers, a worker finishes each a moment after it comes. */
import { nowMs, type Subject, type SubjectWorker } from '../../bench/subject.ts'

export function memorySubject(name: string, role: Subject['role']): Subject {
  let waiting = 0
  let wake = () => {}
  const submit = async (count: number) => {
    waiting += count
    wake()
  }
  const startWorker = async (): Promise<SubjectWorker> => {
    const counts = { started: 0, firstStartMs: 0, lastFinishMs: 0 }
    const starts: ((atMs: number) => void)[] = []
    const ends: { readonly total: number; readonly tell: () => void }[] = []
    const tellEnds = () => {
      for (const { total, tell } of ends) if (counts.started >= total) tell()
    }
    let stopped = false
    wake = () =>
      setImmediate(() => {
        if (stopped) return
        for (; waiting > 0; waiting--) {
          const atMs = nowMs()
          if (counts.started++ === 0) counts.firstStartMs = atMs - 0.001
          counts.lastFinishMs = atMs
          starts.shift()?.(atMs)
        }
        tellEnds()
      })
    wake()
    return {
      pid: process.pid,
      finished: (total) =>
        new Promise((resolve) => {
          ends.push({ total, tell: () => resolve({ ...counts }) })
          tellEnds()
        }),
      watchStarts: async () => {},
      nextStart: () => new Promise((resolve) => starts.push(resolve)),
      stop: async () => {
        stopped = true
        wake = () => {}
      },
    }
  }
  return {
    name,
    role,
    kept: 'nothing',
    missing: async () => undefined,
    start: async () => {},
    stop: async () => {},
    serverPids: () => [process.pid],
    submitBatch: submit,
    submitOne: () => submit(1),
    startWorker,
  }
}

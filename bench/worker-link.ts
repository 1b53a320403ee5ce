/**
 * The worker's end of the line to the bench (Node's IPC). A subject's worker file calls `started` as the first thing in
 * its handler and `finished` when the server has confirmed the end. Counting costs a fraction of a microsecond;
 * messages flow only when the bench asked for them, so that the line doesn't weigh on throughput.
 */
import { z } from 'zod'
import { nowMs } from './subject.ts'

export const orderSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tellFinished'), total: z.number() }),
  z.object({ kind: z.literal('tellStarts') }),
  z.object({ kind: z.literal('stop') }),
])
export type Order = z.infer<typeof orderSchema>

export const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('watching') }),
  z.object({ kind: z.literal('started'), atMs: z.number() }),
  z.object({
    kind: z.literal('finished'),
    firstStartMs: z.number(),
    lastFinishMs: z.number(),
    started: z.number(),
  }),
])
export type Report = z.infer<typeof reportSchema>

export interface WorkerLink {
  /** The worker takes tasks from now on. */
  ready(): void
  started(): void
  finished(): void
}

/** Opens the line; `stop` is called once, when the bench wants the worker to leave or is gone. */
export function linkToBench(stop: () => Promise<void>): WorkerLink {
  const counts = { started: 0, finished: 0, firstStartMs: 0, lastFinishMs: 0 }
  let awaitedTotal = Number.POSITIVE_INFINITY
  let tellsStarts = false
  let leaving = false

  const report = (message: Report) => {
    if (process.send === undefined) throw new Error('a bench worker is started by the bench, with an IPC channel')
    if (process.connected) process.send(message)
  }
  const reportFinished = () => {
    if (counts.finished < awaitedTotal) return
    awaitedTotal = Number.POSITIVE_INFINITY
    const { started, firstStartMs, lastFinishMs } = counts
    report({ kind: 'finished', started, firstStartMs, lastFinishMs })
  }
  const leave = () => {
    if (leaving) return
    leaving = true
    void stop().finally(() => process.exit(0))
  }
  process.on('disconnect', leave)
  process.on('message', (message: unknown) => {
    const order = orderSchema.parse(message)
    switch (order.kind) {
      case 'tellFinished':
        awaitedTotal = order.total
        return reportFinished()
      case 'tellStarts':
        tellsStarts = true
        return report({ kind: 'watching' })
      case 'stop':
        return leave()
      default:
        order satisfies never
    }
  })

  return {
    ready: () => report({ kind: 'ready' }),
    started() {
      const atMs = nowMs()
      if (counts.started === 0) counts.firstStartMs = atMs
      counts.started += 1
      if (tellsStarts) report({ kind: 'started', atMs })
    },
    finished() {
      counts.finished += 1
      counts.lastFinishMs = nowMs()
      reportFinished()
    },
  }
}

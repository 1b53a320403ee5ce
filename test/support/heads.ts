import type { Head, Run } from '#core/head'
import { defaultRetry } from '#core/retry'

/** Heads for tests: a plain queued task, changed where the test says so. */

export const noon = Date.UTC(2026, 0, 15, 12)

export function aHead(changes: Partial<Head> = {}): Head {
  return {
    id: '01KF0000000000000000000000',
    born: 'b1',
    n: 1,
    writer: 'w1',
    command: 'mill.grind',
    version: 1,
    worker: 'mill',
    correlationId: 'c1',
    createdAt: noon,
    createdBy: 'ann',
    modifiedAt: noon,
    modifiedBy: 'ann',
    status: 'queued',
    statusCode: 102,
    runCount: 0,
    failureCount: 0,
    crashCount: 0,
    interruptCount: 0,
    history: [[noon, 'created', 'ann']],
    retry: { ...defaultRetry, jitter: 'none' },
    leaseSeconds: 60,
    retentionSeconds: 86_400,
    ...changes,
  }
}

export function aRun(changes: Partial<Run> = {}): Run {
  return { id: 'run1', instance: 'i1', startedAt: noon, leaseUntil: noon + 60_000, renewed: false, ...changes }
}

export function aRunningHead(changes: Partial<Head> = {}, run: Partial<Run> = {}): Head {
  return aHead({ status: 'running', n: 2, runCount: 1, run: aRun(run), ...changes })
}

import type { Json } from './contract/names.ts'
import type { Task, WaitingFor } from './contract/task.ts'
import { shownInputs, shownResult } from './files/held-file.ts'
import type { Flow } from './flow/flow.ts'
import type { Head, HistoryLine } from './head.ts'
import type { Outcome } from './layout.ts'

/** Head → envelope: numbers become ISO instants, compact lines become readable ones. */

export interface Beside extends Outcome {
  readonly arguments?: Json | undefined
  readonly waitingFor?: WaitingFor | undefined
  /** For instances, which need no timeline: it stays empty. */
  readonly isBrief?: boolean
}

export function toTask(head: Head, beside: Beside): Task {
  const task: Record<string, unknown> = {
    id: head.id,
    command: head.command,
    version: head.version,
    worker: head.worker,
    rootId: head.flow?.rootId ?? head.id,
    correlationId: head.correlationId,
    status: head.status,
    statusCode: head.statusCode,
    runCount: head.runCount,
    createdAt: iso(head.createdAt),
    createdBy: head.createdBy,
    modifiedAt: iso(head.modifiedAt),
    modifiedBy: head.modifiedBy,
    history: beside.isBrief === true ? [] : head.history.map(historyEntry),
    retry: head.retry,
    leaseSeconds: head.leaseSeconds,
    retentionSeconds: head.retentionSeconds,
  }
  for (const field of plainFields) if (head[field] !== undefined) task[field] = head[field]
  for (const field of timeFields) {
    const time = head[field]
    if (time !== undefined) task[field] = iso(time)
  }
  if (head.flow !== undefined) Object.assign(task, shownFlow(head.flow))
  if (head.crashCount > 0) task.crashCount = head.crashCount
  if (head.cancel !== undefined) task.cancelRequested = true
  if (head.progress !== undefined) task.progress = { ...head.progress, at: iso(head.progress.at) }
  if (beside.arguments !== undefined) task.arguments = beside.arguments
  if (head.files !== undefined) Object.assign(task, shownInputs(head.files))
  if (beside.result !== undefined) task.result = beside.result
  if (head.resultFiles !== undefined) task.result = shownResult(beside.result, head.resultFiles)
  if (beside.error !== undefined) task.error = beside.error
  if (beside.waitingFor !== undefined) task.waitingFor = beside.waitingFor
  return task as Task
}

function shownFlow({ parent, dependencies, isolationKey }: Flow): Partial<Task> {
  return {
    ...(parent === undefined ? {} : { parentId: parent.id, onParentEnd: parent.onEnd }),
    ...(dependencies === undefined
      ? {}
      : { dependencies: dependencies.count, onDependencyFailure: dependencies.onFailure }),
    ...(isolationKey === undefined ? {} : { isolationKey }),
  }
}

const plainFields = [
  'traceParent',
  'subject',
  'description',
  'category',
  'externalId',
  'accountId',
  'userId',
  'tags',
  'unlisted',
  'timeoutSeconds',
] as const satisfies readonly (keyof Head)[]

const timeFields = [
  'startAfter',
  'notStartAfter',
  'startedAt',
  'runStartedAt',
  'retryAfter',
  'stoppedAt',
  'expiresAt',
] as const satisfies readonly (keyof Head)[]

function historyEntry([at, move, by, why]: HistoryLine): Task['history'][number] {
  return { at: iso(at), move, ...(by ? { by } : {}), ...(why ? { why } : {}) }
}

/** The tasks of a batch share their times, so the last text made is often the next one wanted. */
let lastTime = Number.NaN
let lastText = ''

export function iso(time: number): string {
  if (time === lastTime) return lastText
  lastText = new Date(time).toISOString()
  lastTime = time
  return lastText
}

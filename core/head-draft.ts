import type { Head } from './head.ts'

/** A head on its way to its next version: every field is there, absent ones as undefined. */
export type HeadDraft = { -readonly [Field in keyof Required<Head>]: Head[Field] }

/**
 * A copy with every field in one order. Moves are made on such copies: objects that all have one shape cost a part of
 * what spreading over differing ones does, in time and in memory.
 */
export function draftOf(head: Head): HeadDraft {
  return {
    born: head.born,
    n: head.n,
    id: head.id,
    writer: head.writer,
    command: head.command,
    version: head.version,
    worker: head.worker,
    correlationId: head.correlationId,
    traceParent: head.traceParent,
    subject: head.subject,
    description: head.description,
    category: head.category,
    externalId: head.externalId,
    accountId: head.accountId,
    userId: head.userId,
    tags: head.tags,
    unlisted: head.unlisted,
    arguments: head.arguments,
    bodyApart: head.bodyApart,
    files: head.files,
    requestHash: head.requestHash,
    createdAt: head.createdAt,
    createdBy: head.createdBy,
    modifiedAt: head.modifiedAt,
    modifiedBy: head.modifiedBy,
    startAfter: head.startAfter,
    notStartAfter: head.notStartAfter,
    retryAfter: head.retryAfter,
    startedAt: head.startedAt,
    runStartedAt: head.runStartedAt,
    stoppedAt: head.stoppedAt,
    expiresAt: head.expiresAt,
    status: head.status,
    statusCode: head.statusCode,
    runCount: head.runCount,
    failureCount: head.failureCount,
    crashCount: head.crashCount,
    interruptCount: head.interruptCount,
    run: head.run,
    cancel: head.cancel,
    due: head.due,
    progress: head.progress,
    result: head.result,
    error: head.error,
    resultFiles: head.resultFiles,
    outcomeApart: head.outcomeApart,
    history: head.history,
    retry: head.retry,
    timeoutSeconds: head.timeoutSeconds,
    leaseSeconds: head.leaseSeconds,
    retentionSeconds: head.retentionSeconds,
    flow: head.flow,
    bulk: head.bulk,
    watched: head.watched,
  }
}

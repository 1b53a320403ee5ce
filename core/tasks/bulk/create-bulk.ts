import { type BulkRequest, bulkCommand } from '../../contract/bulk.ts'
import { limits } from '../../contract/limits.ts'
import type { Principal, World } from '../../world.ts'
import { type CreateOutcome, createTask } from '../create.ts'
import { newBulk } from './bulk.ts'

/** The worker that a bulk names: the hub itself. Nothing of that name has a queue, since a bulk is never queued. */
const hubItself = 'taskurai'

export interface BulkAsk {
  readonly id: string
  readonly requestHash: string | undefined
  readonly request: BulkRequest
  readonly by: Principal
}

/** Accepts a bulk: a task that is running from the first moment, and due, so that the clock begins with it. */
export function createBulk(world: World, { id, requestHash, request, by }: BulkAsk): Promise<CreateOutcome> {
  return createTask(world, {
    task: { command: bulkCommand, arguments: request, subject: subjectOf(request) },
    command: { worker: hubItself, name: bulkCommand, version: 1, retry: undefined },
    by,
    id,
    requestHash,
    argumentsBytes: JSON.stringify(request).length,
    bulk: newBulk(request.action, request.dryRun === true),
  })
}

/** `cancel command=order.confirm status=queued`, so that a list says what it is. */
function subjectOf({ action, filter, dryRun }: BulkRequest): string {
  const named = Object.entries(filter).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : value}`,
  )
  return `${action} ${named.join(' ')}${dryRun === true ? ' (dry run)' : ''}`.slice(0, limits.subjectChars)
}

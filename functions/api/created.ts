import { ApiError } from '#core/contract/errors'
import type { NewBatchTask, NewTask } from '#core/contract/new-task'
import type { Head } from '#core/head'
import type { World } from '#core/world'
import { type RequestTask, requestHash } from './canonical.ts'
import { hashedLater } from './check-files.ts'

/** What a call asks to create, and what it is told of that. */

export interface CreateAsk {
  readonly principal: string
  readonly headers: Headers
  readonly tasks: readonly NewBatchTask[]
  /** The caller's own tasks, before any default was filled in. */
  readonly raw: readonly unknown[]
  /** Where the path names the command, the body does not. */
  readonly pathCommand: string | undefined
}

/** A task that stands, and whether it stood before this call. */
export interface Created {
  readonly kind: 'created' | 'existing'
  readonly head: Head
  /** As the caller sent it; its arguments may lie apart from the head. */
  readonly task: NewTask
}

/** The hash of a request that has not been checked, and might not pass any more: what was uploaded may be gone. */
export async function uncheckedHash(world: World, { tasks, raw, pathCommand }: CreateAsk): Promise<string> {
  const instead = await Promise.all(tasks.map((task) => hashedLater(world, task)))
  const texts = raw.map((each, index): RequestTask => {
    return { raw: each, argumentsText: undefined, instead: instead[index] }
  })
  return requestHash(world.ids, texts, pathCommand)
}

/** Nobody knows what a store that failed has written: a key makes it safe to ask again. */
export function unavailable(cause: unknown, hasKey: boolean): ApiError {
  const how = hasKey
    ? 'make the same call again with the same Idempotency-Key to complete it'
    : 'it is not known what was accepted; with an Idempotency-Key the same call could be made again'
  return new ApiError('unavailable', `the store failed; ${how}`, { cause })
}

export function clash({ id }: Pick<Head, 'id'>): ApiError {
  const detail = `this Idempotency-Key was used for another request, which made the task ${id}`
  return new ApiError('idempotency-conflict', detail)
}

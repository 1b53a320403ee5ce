import { z } from 'zod'
import { limits } from './limits.ts'

const lower = 'lower-case letters, digits, dot, hyphen and underscore, and starts with a letter or digit'

/** `order.confirm`: letters of the path need no encoding, so signatures and IAM policies see the name as it is. */
export const CommandName = z
  .string()
  .min(1)
  .max(limits.commandNameChars)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, `a command name has ${lower}`)

export const WorkerName = z
  .string()
  .min(1)
  .max(limits.workerNameChars)
  .regex(
    /^[a-z0-9][a-z0-9-]*$/,
    'a worker name has lower-case letters, digits and hyphens, and starts with a letter or digit',
  )

/** Part of a queue's name: `<worker>~<key>` here, with another sign between them on SQS. */
export const IsolationKey = z
  .string()
  .min(1)
  .max(limits.isolationKeyChars)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'an isolation key has lower-case letters, digits and hyphens')

const upTo = (chars: number) => `[a-z0-9][a-z0-9-]{0,${chars - 1}}`

/** A worker as registry, queue and tasks know it: its name, and behind a `~` the key that it was registered under. */
export const WorkerId = z
  .string()
  .min(1)
  .regex(
    new RegExp(`^${upTo(limits.workerNameChars)}(?:~${upTo(limits.isolationKeyChars)})?$`),
    `a worker name has lower-case letters, digits and hyphens, and starts with a letter or digit, at most ${limits.workerNameChars}; an isolation key may follow behind a ~, at most ${limits.isolationKeyChars}`,
  )

export const CommandVersion = z.int().min(1).max(1_000_000)

/** A ULID, or the 26 characters that an idempotency key was hashed to. */
export const taskIdPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/
export const TaskId = z.string().regex(taskIdPattern, 'a task id has 26 characters of the ULID alphabet')

export const InstanceId = z
  .string()
  .min(1)
  .max(limits.instanceIdChars)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)

export const runIdCharsMost = 96
export const RunId = z.string().min(1).max(runIdCharsMost)

export const Nonce = z
  .string()
  .min(1)
  .max(limits.nonceChars)
  .regex(/^[A-Za-z0-9._-]+$/)

/** An instant: ISO 8601 with Z or offset on the wire. */
export const Instant = z.iso.datetime({ offset: true })

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Any JSON. What comes over a wire has been through JSON.parse, so there is nothing left to look at. */
export const AnyJson = z.unknown() as z.ZodType<Json>

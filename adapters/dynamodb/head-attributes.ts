import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Head } from '#core/head'
import { taskIdOf } from '#core/keys'

/**
 * A head as attributes: flat and under readable names, so that a person sees in DynamoDB's console what a task is about.
 * What has parts is JSON text, as it came. What other attributes tell already is left out: a plain small task must fit
 * into one write unit of 1 KB to its end (aws.md A7).
 */

export type Attributes = Record<string, AttributeValue>
type Field = keyof Head

const texts = [
  'writer',
  'command',
  'worker',
  'traceParent',
  'subject',
  'description',
  'category',
  'externalId',
  'accountId',
  'userId',
  'requestHash',
  'createdBy',
  'modifiedBy',
  'status',
  'outcomeApart',
] as const satisfies readonly Field[]

const numbers = [
  'version',
  'createdAt',
  'modifiedAt',
  'startAfter',
  'notStartAfter',
  'retryAfter',
  'startedAt',
  'stoppedAt',
  'statusCode',
  'timeoutSeconds',
  'leaseSeconds',
  'retentionSeconds',
] as const satisfies readonly Field[]

/** Zero for most tasks, and then left out. */
const counts = ['runCount', 'failureCount', 'crashCount', 'interruptCount'] as const satisfies readonly Field[]

const flags = ['unlisted', 'bodyApart'] as const satisfies readonly Field[]

const parts = [
  'tags',
  'arguments',
  'files',
  'run',
  'cancel',
  'progress',
  'result',
  'error',
  'resultFiles',
  'history',
  'retry',
  'flow',
  'watched',
  'bulk',
] as const satisfies readonly Field[]

/** `id`, `born`, `n`, `due` and `expiresAt` are the item's own; these are derived where they say what another does. */
type Derived = 'id' | 'born' | 'n' | 'due' | 'expiresAt' | 'correlationId' | 'runStartedAt'
type Named =
  | Derived
  | (typeof texts)[number]
  | (typeof numbers)[number]
  | (typeof counts)[number]
  | (typeof flags)[number]
  | (typeof parts)[number]
/** A field of the head that is in no list would be lost: this does not compile then. */
type Forgotten = Exclude<Field, Named>
const nothingForgotten: [Forgotten] extends [never] ? true : Forgotten = true

export function headAttributes(head: Head): Attributes {
  const attributes: Attributes = {}
  for (const field of texts) if (head[field] !== undefined) attributes[field] = { S: head[field] }
  for (const field of numbers) if (head[field] !== undefined) attributes[field] = { N: String(head[field]) }
  for (const field of counts) if (head[field] !== 0) attributes[field] = { N: String(head[field]) }
  for (const field of flags) if (head[field] !== undefined) attributes[field] = { BOOL: head[field] }
  for (const field of parts) {
    // A field that is there as `undefined` is none, as in JSON.
    const text = JSON.stringify(head[field])
    if (text !== undefined) attributes[field] = { S: text }
  }
  if (head.correlationId !== head.id) attributes.correlationId = { S: head.correlationId }
  if (head.runStartedAt !== undefined && head.runStartedAt !== head.startedAt) {
    attributes.runStartedAt = { N: String(head.runStartedAt) }
  }
  return attributes
}

/** The head's own fields; the item's are added by the caller. */
export function headFields(attributes: Attributes): Readonly<Record<string, unknown>> {
  if (!nothingForgotten) return {}
  const id = taskIdOf(attributes.pk?.S ?? '')
  const fields: Record<string, unknown> = { id }
  for (const field of texts) if (attributes[field]?.S !== undefined) fields[field] = attributes[field].S
  for (const field of numbers) if (attributes[field]?.N !== undefined) fields[field] = Number(attributes[field].N)
  for (const field of counts) fields[field] = Number(attributes[field]?.N ?? 0)
  for (const field of flags) if (attributes[field]?.BOOL !== undefined) fields[field] = attributes[field].BOOL
  for (const field of parts) if (attributes[field]?.S !== undefined) fields[field] = JSON.parse(attributes[field].S)
  fields.correlationId = attributes.correlationId?.S ?? id
  const runStartedAt = attributes.runStartedAt?.N
  if (runStartedAt !== undefined) fields.runStartedAt = Number(runStartedAt)
  else if (fields.startedAt !== undefined) fields.runStartedAt = fields.startedAt
  return fields
}

import type { z } from 'zod'
import { limits } from './limits.ts'
import { InstanceId, Nonce, runIdCharsMost, taskIdPattern, WorkerId } from './names.ts'
import { type Complete, ticketCharsMost } from './worker-protocol.ts'

/**
 * Whether a message tells of runs that succeeded with an output and nothing else. Most do, and such a message is already
 * what its schema would make of it: copying each end costs more than the end's own move. (A test holds this against the
 * schema.)
 */
export function isPlainComplete(raw: unknown): raw is z.infer<typeof Complete> {
  if (!isObject(raw) || !hasOnly(raw, ['worker', 'instance', 'nonce', 'ends'])) return false
  if (!passes(WorkerId, raw.worker) || !passes(InstanceId, raw.instance) || !passes(Nonce, raw.nonce)) return false
  const { ends } = raw
  return Array.isArray(ends) && ends.length > 0 && ends.length <= limits.protocolMoves && ends.every(isPlainEnd)
}

const endFields = ['kind', 'taskId', 'run', 'ticket', 'result']
const resultFields = ['output']

function isPlainEnd(end: unknown): boolean {
  if (!isObject(end) || end.kind !== 'succeed' || !hasOnly(end, endFields)) return false
  if (typeof end.taskId !== 'string' || !taskIdPattern.test(end.taskId)) return false
  if (typeof end.run !== 'string' || end.run.length === 0 || end.run.length > runIdCharsMost) return false
  if (end.ticket !== undefined && (typeof end.ticket !== 'string' || end.ticket.length > ticketCharsMost)) return false
  return end.result === undefined || (isObject(end.result) && hasOnly(end.result, resultFields))
}

function passes(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success
}

function hasOnly(value: Readonly<Record<string, unknown>>, fields: readonly string[]): boolean {
  for (const key in value) if (!fields.includes(key)) return false
  return true
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

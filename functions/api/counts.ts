import type { FieldIssue } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { refusal } from './field-issues.ts'

/**
 * Counted before a schema walks the body, which tells every fault there is: a body full of keys that nobody knows, or
 * of tags, would take it seconds.
 */

/** More than any object of the contract has fields. */
const fieldsMost = 64

export function refuseTooMany(body: unknown): void {
  const fault = faultIn(body, '')
  if (fault !== undefined) throw refusal('invalid', [fault])
}

function faultIn(body: unknown, at: string): FieldIssue | undefined {
  if (!isObject(body)) return undefined
  if (hasMoreKeys(body, fieldsMost)) return { field: at, message: `has more than ${fieldsMost} fields` }
  const { tags, tasks } = body
  if (isObject(tags) && hasMoreKeys(tags, limits.tags)) {
    return { field: `${at}/tags`, message: `has more than ${limits.tags} tags (limit tags)` }
  }
  return at === '' && Array.isArray(tasks) ? faultOfBatch(tasks) : undefined
}

function faultOfBatch(tasks: readonly unknown[]): FieldIssue | undefined {
  if (tasks.length > limits.batchTasks) {
    return { field: '/tasks', message: `has more than ${limits.batchTasks} tasks (limit batchTasks)` }
  }
  for (let index = 0; index < tasks.length; index++) {
    const fault = faultIn(tasks[index], `/tasks/${index}`)
    if (fault !== undefined) return fault
  }
  return undefined
}

function hasMoreKeys(value: object, most: number): boolean {
  let count = 0
  for (const _ in value) if (++count > most) return true
  return false
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

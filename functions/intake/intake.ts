import { ApiError, errorTable } from '#core/contract/errors'
import { NewTask } from '#core/contract/new-task'
import type { Head } from '#core/head'
import type { Door } from '../api/check-tasks.ts'
import { createOne } from '../api/create-tasks.ts'
import { parseWith } from '../api/field-issues.ts'
import { IntakeInput } from './config.ts'

/**
 * An event becomes a task by the way that every caller's task goes: checked at the door, and the same task however often
 * the event is delivered.
 */

/** Whom an event is from stands in every line of a task's history. */
const sourceCharsMost = 64

/** Throws what is wrong with it (`NoTaskError`), or that the hub cannot take it now. */
export async function takeEvent(door: Door, event: unknown): Promise<Head> {
  try {
    const input = parseWith(IntakeInput, event, 'invalid')
    const raw = input.arguments === undefined ? { command: input.command } : pick(input)
    const task = parseWith(NewTask, raw, 'invalid')
    const { head } = await createOne(door, {
      principal: `event:${input.source.slice(0, sourceCharsMost)}`,
      headers: new Headers({ 'idempotency-key': keyOf(input) }),
      tasks: [task],
      raw: [raw],
      pathCommand: undefined,
    })
    return head
  } catch (error) {
    if (error instanceof ApiError && !errorTable[error.code].retry) throw new NoTaskError(error)
    throw error
  }
}

/** No task can be made of this event, however often it comes. */
export class NoTaskError extends Error {
  constructor(cause: ApiError) {
    super(`${cause.code}: ${cause.message}`, { cause })
    this.name = 'NoTaskError'
  }
}

function pick({ command, arguments: args }: IntakeInput) {
  return { command, arguments: args }
}

/** Callers' own keys never meet those of events. */
function keyOf({ id, rule }: IntakeInput): string {
  return rule === undefined ? `event/${id}` : `event/${rule}/${id}`
}

import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { Json } from '#core/contract/names'
import { readRemembered } from '#core/flow/remembered'
import { writeSignal } from '#core/flow/signals'
import { wakeTask } from '#core/flow/wake'
import type { Head } from '#core/head'
import type { Principal, World } from '#core/world'
import { canonicalJson } from './canonical.ts'
import { compileSchema } from './compile-schema.ts'
import { refusal } from './field-issues.ts'

export interface SignalToSend {
  readonly head: Head
  readonly name: string
  /** The same id twice is one signal. */
  readonly id: string
  readonly by: Principal
  readonly data?: Json | undefined
}

/** A named event for a task, at the door: kept until a step consumes it, or an ApiError that says why not. */
export async function sendSignal(world: World, { head, name, id, by, data }: SignalToSend): Promise<void> {
  refuseLarge(data)
  await refuseUnfit(world, head, name, data)
  const outcome = await writeSignal(world, { taskId: head.id, name, id, by, data })
  switch (outcome.kind) {
    case 'sent':
    case 'existing':
      return wakeTask(world, head.id)
    case 'absent':
      throw noTask(head.id)
    case 'ended':
      throw new ApiError('conflict', `the task is ${outcome.head.status}: nobody waits for a signal any more`)
    case 'too-many': {
      const message = `${limits.signals} signals of this name are kept and not consumed (limit signals)`
      throw new ApiError('conflict', message)
    }
    default:
      return outcome satisfies never
  }
}

export function noTask(taskId: string): ApiError {
  return new ApiError('not-found', `there is no task ${taskId}, or its retention is over`)
}

function refuseLarge(data: unknown): void {
  const bytes = data === undefined ? 0 : Buffer.byteLength(canonicalJson(data))
  if (bytes <= limits.signalBytes) return
  const message = `has ${bytes} bytes of JSON, at most ${limits.signalBytes} (limit signalBytes)`
  throw new ApiError('too-large', `/data ${message}`, { issues: [{ field: '/data', message }] })
}

/** While a step waits for it and has said what it must be, a wrong one is refused; one that comes early is judged there. */
async function refuseUnfit(world: World, head: Head, name: string, data: unknown): Promise<void> {
  if (head.status !== 'suspended') return
  const { waits } = await readRemembered(world, head)
  for (const { wait } of waits) {
    if (wait.kind !== 'signal' || wait.name !== name || wait.schema === undefined) continue
    const issues = compileSchema(wait.schema)(data ?? null)
    if (issues.length > 0)
      throw refusal(
        'invalid',
        issues.map(({ field, message }) => ({ field: `/data${field}`, message })),
      )
    return
  }
}

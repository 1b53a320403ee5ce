import type { Context } from 'aws-lambda'
import { readEnvironment } from '#core/contract/read-environment'
import { createCatalog } from '../api/catalog.ts'
import { openHome } from '../home/world.ts'
import { IntakeEnv } from './config.ts'
import { NoTaskError, takeEvent } from './intake.ts'

const { world } = openHome(readEnvironment(IntakeEnv, process.env), 'intake')
const door = { world, catalog: createCatalog(world) }

/** Whatever it throws is tried again, and goes to the function's on-failure destination in the end. */
export async function handler(event: unknown, context: Context): Promise<{ readonly id: string }> {
  world.log.begin(context.awsRequestId)
  try {
    const { id } = await takeEvent(door, event)
    return { id }
  } catch (error) {
    if (error instanceof NoTaskError) world.log.error('intake.no-task', { ...nameOf(event), reason: error.message })
    throw error
  }
}

/** Which event it was; its arguments are nobody's business here. */
function nameOf(event: unknown): Readonly<Record<string, unknown>> {
  const { id, rule, command, source, detailType, time } = (event ?? {}) as Readonly<Record<string, unknown>>
  return { id, rule, command, source, detailType, time }
}

import { readEnvironment } from '#core/contract/read-environment'
import { WorkerEnv } from '#core/contract/worker-env'
import type { WorkerDefinition } from './worker.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The worker as its module defines it, but for what its deployment says otherwise. Throws if that makes no sense. */
export function asDeployed(definition: WorkerDefinition, env: Env): WorkerDefinition {
  const said = Object.entries(env).filter(([name, value]) => name in WorkerEnv.shape && value !== '')
  if (said.length === 0) return definition
  const { TASKURAI_CONCURRENCY, TASKURAI_RECYCLE, TASKURAI_ISOLATION_KEY } = readEnvironment(
    WorkerEnv,
    Object.fromEntries(said),
  )
  return {
    ...definition,
    concurrency: TASKURAI_CONCURRENCY ?? definition.concurrency,
    ...(TASKURAI_RECYCLE === undefined ? {} : { recycle: TASKURAI_RECYCLE }),
    ...(TASKURAI_ISOLATION_KEY === undefined ? {} : { isolationKey: TASKURAI_ISOLATION_KEY }),
  }
}

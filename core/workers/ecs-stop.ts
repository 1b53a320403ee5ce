import { refusalOf } from './ecs-reasons.ts'
import type { StopKind } from './fleet.ts'

/** What ECS tells of an instance that stopped, each as it tells it. */
export interface EcsStop {
  readonly stopCode?: string | undefined
  readonly stoppedReason?: string | undefined
  /** Of the worker's own container; absent where it never ran. */
  readonly exitCode?: number | undefined
  readonly containerReason?: string | undefined
}

export interface ToldStop {
  readonly how: StopKind
  /** In words for people. */
  readonly reason: string
}

/** Of 128 + 9: what ends a container that takes more memory than it has, and one that does not end by itself. */
const killed = 137
const reasonCharsMost = 500

export function tellStop(stop: EcsStop): ToldStop {
  const { how, reason } = interruption(stop) ?? failedStart(stop) ?? exit(stop)
  return { how, reason: reason.slice(0, reasonCharsMost) }
}

/** Who lost its machine did nothing wrong, whatever the exit code of a container that was ended says. */
function interruption({ stopCode, stoppedReason = '' }: EcsStop): ToldStop | undefined {
  const told = (what: string): ToldStop => ({ how: 'interrupted', reason: `interrupted: ${what}` })
  if (
    stopCode === 'SpotInterruption' ||
    stopCode === 'TerminationNotice' ||
    /Spot Task was interrupted/i.test(stoppedReason)
  )
    return told('Fargate Spot took its machine back')
  if (/performing maintenance on the underlying|retire/i.test(stoppedReason)) return told('Fargate retirement')
  if (stopCode === 'InfrastructureHealth') return told(`its machine failed (${stoppedReason})`)
  if (stopCode === 'UserInitiated') return told(`somebody stopped it (${stoppedReason})`)
  if (stopCode === 'ServiceSchedulerInitiated') return told(stoppedReason)
  return undefined
}

function failedStart({ stopCode, stoppedReason, containerReason }: EcsStop): ToldStop | undefined {
  if (stopCode !== 'TaskFailedToStart') return undefined
  const says = [stoppedReason, containerReason].filter((text) => text !== undefined && text !== '').join('; ')
  return { how: 'crashed', reason: refusalOf(says).message }
}

function exit({ exitCode, stoppedReason, containerReason = '' }: EcsStop): ToldStop {
  if (exitCode === 0) return { how: 'left', reason: 'exit code 0' }
  if (/OutOfMemory/i.test(containerReason)) {
    const reason = `out of memory (exit code ${exitCode ?? killed}): give the worker more memory or less concurrency`
    return { how: 'crashed', reason }
  }
  if (exitCode === killed) return { how: 'crashed', reason: `killed (exit code ${killed}), most likely out of memory` }
  const said = containerReason === '' ? '' : `: ${containerReason}`
  if (exitCode !== undefined) return { how: 'crashed', reason: `exit code ${exitCode}${said}` }
  return { how: 'crashed', reason: `it ended without an exit code: ${stoppedReason ?? 'ECS gives no reason'}${said}` }
}

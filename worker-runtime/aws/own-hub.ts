import { ApiError, errorTable } from '#core/contract/errors'
import { type Sight, type Tick, tickKey } from '#core/sight'
import type { World } from '#core/world'
import { createAnswerLines } from '#functions/worker-protocol/answer-lines'
import type { CheckSubTasks } from '#functions/worker-protocol/flow-calls'
import { createWorkerCalls, type RegisterWorker, type WorkerCalls } from '#functions/worker-protocol/worker-calls'
import type { HubDoor } from '../agent/hub-door.ts'
import { createLineStream } from './line-stream.ts'
import { principalOf } from './principal.ts'

/**
 * The hub's side of the worker protocol, inside the instance itself. A hub in an account has no process that instances
 * could call; its tables and queues are all there is. So this thread speaks the protocol with itself, and everything an
 * instance does (claim, renew, leave, drain …) is the same code as on one machine.
 */

export interface OwnHubParts {
  readonly world: World
  /** By the ticks that the hub's clock writes down (protocol 15). */
  readonly sight: Sight
  readonly worker: string
  readonly registerWorker: RegisterWorker
  readonly checkSubTasks: CheckSubTasks
  readonly forgetFleet: () => void
  /** By how much the clock of the hub is ahead of this one, as the last answer told (protocol 14). */
  readonly clockOffMs: () => number | undefined
  /** Sends what is gathered. */
  readonly close: () => Promise<void>
}

export function createOwnHub(parts: OwnHubParts): HubDoor {
  const { world, sight } = parts
  const reach = createReach(world)
  const calls = watched(
    createWorkerCalls(world, parts.registerWorker, { checkSubTasks: parts.checkSubTasks }),
    parts,
    reach,
  )

  return {
    open: async () => {
      try {
        const tick = await world.store.get(tickKey)
        if (tick !== undefined) sight.take(tick.data as Tick)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        const isAway = error instanceof ApiError && errorTable[error.code].retry
        return { kind: isAway ? 'away' : 'refused', message }
      }
      reach.reached()
      const { socket, send } = createLineStream((line) => answer(line))
      const answer = createAnswerLines({
        calls,
        principal: principalOf(parts.worker),
        send,
        onNoise: (why) => socket.destroy(new Error(why)),
        log: world.log.error,
      })
      return { kind: 'open', socket, head: '', clockOffMs: parts.clockOffMs(), awayMs: reach.awayMs }
    },
    close: parts.close,
  }
}

interface Reach {
  readonly reached: () => void
  readonly missed: (error: unknown) => void
  readonly awayMs: () => number
}

/** For how long no call has come through: the stream in memory never breaks, so it tells nothing of that. */
function createReach({ clock, log }: World): Reach {
  let missedSinceMs: number | undefined
  const awayMs = () => (missedSinceMs === undefined ? 0 : Math.max(1, clock.monotonicMs() - missedSinceMs))
  return {
    reached: () => {
      if (missedSinceMs !== undefined) log.info('hub.back', { awaySeconds: Math.round(awayMs() / 1_000) })
      missedSinceMs = undefined
    },
    missed: (error) => {
      if (error instanceof ApiError && !errorTable[error.code].retry) return
      if (missedSinceMs === undefined) log.warn('hub.away', { message: String(error), cause: causeOf(error) })
      missedSinceMs ??= clock.monotonicMs()
    },
    awayMs,
  }
}

function causeOf(error: unknown): string | undefined {
  return error instanceof Error && error.cause !== undefined ? String(error.cause) : undefined
}

function watched(calls: WorkerCalls, { sight, forgetFleet }: OwnHubParts, { reached, missed }: Reach): WorkerCalls {
  return {
    ...calls,
    call: async (op, body, principal, signal) => {
      try {
        // A receive may meet runs of others whose leases have ended, and must not judge them blindly.
        if (op === 'receive') await sight.look()
        // What registers may make its generation the current one, and what leaves may be asked to stay.
        if (op === 'register' || op === 'leave') forgetFleet()
        const answer = await calls.call(op, body, principal, signal)
        reached()
        return answer
      } catch (error) {
        missed(error)
        throw error
      }
    },
  }
}

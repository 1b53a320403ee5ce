import { sharedMonotonicMs } from '#adapters/process/monotonic'
import { createSystemIds } from '#adapters/system/ids'
import type { RunAnswer } from '#core/contract/worker-protocol'
import type { Chance } from '#core/ports'
import { stopLine } from '../end-lines.ts'
import type { AbortReason } from '../failure.ts'
import { type AgentSettings, boardOf, type FromAgent, type ToAgent, type TurnMessage } from '../link.ts'
import { createCalls } from './calls.ts'
import { keepConnected } from './connection.ts'
import { createDeparture } from './departure.ts'
import { createEnds } from './ends.ts'
import { createFlowCalls } from './flow-calls.ts'
import { createHandBacks } from './hand-backs.ts'
import { createHeldRuns, type Held } from './held-runs.ts'
import type { HubDoor } from './hub-door.ts'
import { createMainWatch } from './main-watch.ts'
import { createReceives, type Received } from './receives.ts'
import { isRenewalDue, renew } from './renewals.ts'
import { ignoresAbortMostMs, watchRun } from './watch.ts'

/**
 * The agent of an instance: it receives, renews, and writes every end, in a thread of its own (protocol 16).
 *
 * Invariants:
 * 1. Nothing is written for a run after its lease's owner limit but a hand-back (14, 17).
 * 2. A run leaves `runs` when the hub has answered its end or hand-back, or has said that it is somebody else's.
 * 3. What is held is listed at each register, so the hub may take back all the rest.
 */

const tickMs = 100
const registerMostMs = 10_000
/** Protocol 14; the Date header that it is taken from counts whole seconds. */
const clockOffMostMs = 5_500
const clockOffAgainMs = 30_000
const endsWaitingMost = 2_000
/** Pushes about runs that are not held: most have just ended, a few are not granted yet. */
const earlyMost = 256

export interface AgentPort {
  readonly post: (message: FromAgent) => void
  readonly chance: Chance
  readonly door: HubDoor
}

export interface Agent {
  readonly onMessage: (message: ToAgent) => void
}

export function startAgent(settings: AgentSettings, { post, chance, door }: AgentPort): Agent {
  const ids = createSystemIds()
  const instance = ids.token()
  const board = boardOf(settings.board)
  const runs = createHeldRuns(board)
  let clockOffMs = 0
  let clockLookedMs = 0
  let registered = false
  /** Handlers that still run although their run is somebody else's. */
  const outlived = new Map<string, Held>()

  const early = new Map<string, 'cancel' | 'lost'>()

  const log = (level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>> = {}) =>
    post({ kind: 'log', level, event, fields })

  const connection = keepConnected(door.open, chance, {
    onOpen: (offMs) => {
      clockOffMs = offMs ?? 0
      clockLookedMs = sharedMonotonicMs()
      register()
    },
    onLine: (line) => calls.onLine(line),
    onDown: (message) => {
      log('warn', 'hub.away', { message })
      calls.onDown()
    },
    onRefused: (message) => {
      log('error', 'hub.refused', { message })
      // At the start nobody is lost by giving up, and whoever typed a wrong key wants to know at once.
      if (!registered) departure.finish('refused', message)
    },
  })
  let nonces = 0
  const calls = createCalls({
    worker: settings.worker,
    instance,
    nonce: () => `${instance}.${(nonces++).toString(36)}`,
    chance,
    write: connection.write,
    onPush: (push) => onPush(push),
    onNoise: (line) => log('warn', 'hub.unreadable', { line: line.slice(0, 200) }),
  })
  const removeRun = (held: Held) => runs.remove(held.grant.run)
  const handBacks = createHandBacks(calls, (held) => {
    removeRun(held)
    afterMove()
  })
  const ends = createEnds({
    calls,
    onEnded: (held) => {
      removeRun(held)
      departure.countEnd()
    },
    warn: (event, fields) => log('warn', event, fields),
  })
  const receives = createReceives({
    calls,
    concurrency: settings.concurrency,
    slotsInUse: runs.slotsInUse,
    onReceived: (received) => onReceived(received),
    onProblem: ({ code, message }) => {
      log('warn', 'receive.refused', { code, message })
      // The hub does not know this instance any more: a new stream registers it anew, after a backoff.
      connection.breakOff(`receive refused: ${message}`)
    },
  })
  const flowCalls = createFlowCalls({
    calls,
    runs,
    post,
    onSuspended: (held) => {
      removeRun(held)
      departure.countEnd()
      afterMove()
    },
    onCancel: (held) => cancel(held),
    onLost: (held) => lose(held),
    onForgotten: (message) => connection.breakOff(message),
    renew: (held) => renew([held], sharedMonotonicMs(), { calls, onAnswer: onOutcome }),
    onResolved: (held) => {
      endAfterProgress(held, 'owned')
      afterMove()
    },
  })
  const mainWatch = createMainWatch(board)
  const departure = createDeparture({
    settings,
    runs,
    ends,
    handBacks,
    receives,
    calls,
    connection,
    mainWatch,
    settle: door.close,
    post,
    log,
  })

  const register = () => {
    const held = [...runs.all()].map(({ grant }) => `{"taskId":"${grant.task.id}","run":${JSON.stringify(grant.run)}}`)
    // Number of a process in a container of its own: it names nothing.
    const pid = settings.hub.kind === 'account' ? '' : `,"pid":${process.pid}`
    const optional = [
      pid,
      settings.generation === undefined ? '' : `,"generation":${JSON.stringify(settings.generation)}`,
      settings.launch === undefined ? '' : `,"launch":${JSON.stringify(settings.launch)}`,
      settings.manifest === undefined ? '' : `,"manifest":${settings.manifest}`,
    ]
    calls.sendFirst({
      op: 'register',
      fields: `"concurrency":${settings.concurrency},"runs":[${held.join(',')}]${optional.join('')}`,
      answerMostMs: registerMostMs,
      onAnswer: ({ answer }) => {
        if (!registered) log('info', 'worker.ready', { worker: settings.worker, instance })
        registered = true
        departure.onRegistered(answer)
        afterMove()
      },
      onProblem: ({ code, message }) => {
        log('error', 'register.refused', { code, message })
        if (registered) connection.breakOff(message)
        else departure.finish('refused', message)
      },
    })
  }

  const onReceived = ({ grants, drain, line }: Received) => {
    if (drain) departure.begin('drained', 'the hub asked for it')
    const slots: number[] = []
    const fresh: Held[] = []
    for (const grant of grants) {
      const held = runs.add(grant)
      // The main thread reads the same list: -1 tells it to leave this one out.
      slots.push(held?.slot ?? -1)
      if (held === undefined) continue
      fresh.push(held)
      const word = early.get(grant.run)
      if (word !== undefined) obey(held, word)
      early.delete(grant.run)
    }
    if (fresh.length > 0) {
      // Those who go take nothing new; taken back before the main thread hears of them, none can have started.
      if (departure.isEnding()) for (const held of fresh) takeBack(held, departure.reason())
      else departure.onWork()
      post({ kind: 'grants', line, slots })
      // Behind the grant: its handler is called, and finds its signal aborted.
      for (const held of fresh) if (held.grant.undo === 'canceled') cancel(held)
    }
    afterMove()
  }

  const takeBack = (held: Held, reason: string) => {
    if (!held.leaving && runs.takeBack(held)) handBacks.add(held, reason)
  }

  const abort = (held: Held, reason: AbortReason) => {
    if (held.leaving || held.aborted === 'lease-lost' || held.aborted === reason) return
    held.aborted = reason
    held.abortedAtMs = sharedMonotonicMs()
    if (reason === 'lease-lost') log('warn', 'lease.lost', { taskId: held.grant.task.id, run: held.grant.run })
    post({ kind: 'abort', run: held.grant.run, reason })
  }

  const onOutcome = (held: Held, outcome: RunAnswer['outcome']) => {
    // A run that was suspended or lost meanwhile has nothing more to hear.
    if (runs.get(held.grant.run) === held) obeyAnswer(held, outcome)
    flowCalls.renewed(held)
  }

  const obeyAnswer = (held: Held, outcome: RunAnswer['outcome']) => {
    switch (outcome) {
      case 'owned':
      case 'refused':
        break
      case 'cancel':
        cancel(held)
        break
      case 'lost':
      case 'done':
        // It may just be suspended: the answer to that tells.
        if (!held.suspending) lose(held)
        return
      default:
        outcome satisfies never
    }
    endAfterProgress(held, outcome)
    ends.flush()
  }

  /** The end goes out behind the last report; one that came while another was under way needs a write of its own. */
  const endAfterProgress = (held: Held, outcome: RunAnswer['outcome']) => {
    if (held.endLine === undefined || held.leaving || held.suspending || held.renewing) return
    if (held.progress !== undefined && outcome !== 'refused') {
      renew([held], sharedMonotonicMs(), { calls, onAnswer: onOutcome })
    } else ends.add(held, held.endLine)
  }

  const cancel = (held: Held) => {
    if (held.leaving || held.endLine !== undefined) return
    if (held.grant.undo === undefined && runs.takeBack(held)) ends.add(held, stopLine(held.grant))
    else abort(held, 'cancel')
  }

  /** Somebody else's by the hub's word: its handler is told, and nothing is written for it. */
  const lose = (held: Held) => {
    if (held.leaving) return
    if (!runs.takeBack(held)) {
      abort(held, 'lease-lost')
      if (held.endLine === undefined) outlived.set(held.grant.run, held)
    }
    removeRun(held)
    afterMove()
  }

  const onPush = (push: unknown) => {
    if (typeof push !== 'object' || push === null || !('push' in push)) return
    if (push.push === 'drain') departure.begin('drained', 'the hub asked for it')
    if ('run' in push && typeof push.run === 'string' && (push.push === 'cancel' || push.push === 'lost')) {
      const held = runs.get(push.run)
      if (held !== undefined) obey(held, push.push)
      else {
        // It may have overtaken the answer that grants this run.
        early.set(push.run, push.push)
        for (const oldest of early.keys()) {
          if (early.size <= earlyMost) break
          early.delete(oldest)
        }
      }
    }
    afterMove()
  }

  const obey = (held: Held, word: 'cancel' | 'lost') => (word === 'cancel' ? cancel(held) : lose(held))

  const onTurn = (turn: TurnMessage) => {
    for (let index = 0; index + 1 < turn.progress.length; index += 2) {
      const held = runs.get(turn.progress[index] ?? '')
      if (held !== undefined && !held.leaving && held.aborted !== 'lease-lost') held.progress = turn.progress[index + 1]
    }
    for (const [index, run] of turn.runs.entries()) {
      outlived.delete(run)
      const held = runs.get(run)
      if (held !== undefined && !held.leaving) endRun(held, turn.lines[index] ?? '')
    }
    for (const slot of turn.slots) runs.freeSlot(slot)
    receives.tookTurn(turn.runs.length, turn.handlerMs)
    afterMove()
  }

  const endRun = (held: Held, line: string) => {
    if (held.aborted === 'lease-lost' || line === '') {
      handBacks.add(held, held.aborted === 'lease-lost' ? 'lease lost' : 'shutdown')
    } else if (held.suspending) {
      held.endLine = line
    } else if (held.progress !== undefined || held.progressUnderWay) {
      held.endLine = line
      if (!held.renewing) renew([held], sharedMonotonicMs(), { calls, onAnswer: onOutcome })
    } else ends.add(held, line)
  }

  const mayReceive = () =>
    // Before that the hub's clock is not known.
    registered &&
    departure.isLive() &&
    !runs.hasAlone() &&
    Math.abs(clockOffMs) <= clockOffMostMs &&
    ends.count() < endsWaitingMost &&
    mainWatch.isTurning()

  const afterMove = () => {
    flowCalls.flush()
    ends.flush()
    handBacks.flush()
    if (mayReceive()) receives.fill()
    departure.look()
  }

  const tick = () => {
    const now = sharedMonotonicMs()
    mainWatch.look(now)
    const due: Held[] = []
    for (const held of runs.all()) {
      watchRun(held, now, { runs, ends, handBacks, abort, onStuck: departure.onStuck })
      if (held.aborted !== 'lease-lost' && isRenewalDue(held, now)) due.push(held)
    }
    for (const held of outlived.values()) {
      if (now - held.abortedAtMs <= ignoresAbortMostMs) continue
      outlived.delete(held.grant.run)
      departure.onStuck(held, 'a handler goes on although its run was lost')
    }
    if (due.length > 0) renew(due, now, { calls, onAnswer: onOutcome })
    const overdue = calls.overdue()
    if (overdue !== undefined) connection.breakOff(overdue)
    lookAtClock(now)
    departure.tick(now)
    afterMove()
  }

  const lookAtClock = (now: number) => {
    if (Math.abs(clockOffMs) <= clockOffMostMs || now - clockLookedMs < clockOffAgainMs) return
    clockLookedMs = now
    log('error', 'clock.off', { seconds: Math.round(clockOffMs / 1_000), next: 'no new tasks until it is right' })
    if (runs.size() === 0) connection.breakOff('to look at the hub clock again')
  }

  setInterval(tick, tickMs)
  return {
    onMessage: (message) => {
      switch (message.kind) {
        case 'turn':
          return onTurn(message)
        case 'flow':
          return flowCalls.add(message)
        case 'stop':
          return departure.stop(message.why, message.graceMs)
        default:
          message satisfies never
      }
    },
  }
}

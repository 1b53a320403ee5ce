import { writeSync } from 'node:fs'
import { sharedMonotonicMs } from '#adapters/process/monotonic'
import { limits } from '#core/contract/limits'
import type { AgentSettings, ExitReason, FromAgent } from '../link.ts'
import type { Calls } from './calls.ts'
import type { HubConnection } from './connection.ts'
import type { Ends } from './ends.ts'
import type { HandBacks } from './hand-backs.ts'
import type { Held, HeldRuns } from './held-runs.ts'
import type { MainWatch } from './main-watch.ts'
import type { Receives } from './receives.ts'

/**
 * How an instance leaves. From idleness: it says `leaving`, asks once more, and goes if nothing came (protocol 35).
 * Otherwise it takes nothing new, finishes or hands back what it has, and goes.
 */

type Phase =
  | { readonly kind: 'live' }
  /** Said `leaving`; a grant takes it back to live. */
  | { readonly kind: 'asking'; readonly askedLast: boolean }
  | {
      readonly kind: 'ending'
      readonly why: ExitReason
      readonly message: string
      readonly sinceMs: number
      /** When what still runs is asked to stop; never for those who only make room. */
      readonly abortAtMs: number
      /** When what has not stopped by then is handed back all the same. */
      readonly handBackAtMs: number
    }
  /** The runs are settled: `gone` is being told. */
  | { readonly kind: 'telling'; readonly why: ExitReason; readonly message: string; readonly untilMs: number }
  /** Told, or given up: what is still on its way is finished, then the process ends. */
  | { readonly kind: 'gone'; readonly why: ExitReason; readonly message: string; readonly sinceMs: number }

export const settleMs = 2_000
const settleAtOnceMs = 200
const answersMostMs = 1_000
const goneMostMs = 2_000
const blockedMostMs = 30_000
const killAfterMs = 3_000
const hubUnreachedMs = 5_000
const memoryEveryMs = 1_000
const leaveAnswerMostMs = 10_000
/** Longer than any worker lives: the hub's way to say "do not leave". */
const idleNeverSeconds = 86_400 * 365

export interface DepartureOptions {
  readonly settings: AgentSettings
  readonly runs: HeldRuns
  readonly ends: Ends
  readonly handBacks: HandBacks
  readonly receives: Receives
  readonly calls: Calls
  readonly connection: HubConnection
  readonly mainWatch: MainWatch
  /** Finishes what is on its way to the hub, once all is told. */
  readonly settle: () => Promise<void>
  readonly post: (message: FromAgent) => void
  readonly log: (level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>) => void
}

export interface Departure {
  readonly isLive: () => boolean
  readonly isEnding: () => boolean
  readonly reason: () => string
  readonly onRegistered: (answer: unknown) => void
  readonly onWork: () => void
  readonly onStuck: (held: Held, why: string) => void
  readonly countEnd: () => void
  readonly begin: (why: ExitReason, message: string) => void
  readonly stop: (why: 'shutdown' | 'crash', graceMs: number) => void
  readonly finish: (why: ExitReason, message: string) => void
  readonly look: () => void
  readonly tick: (now: number) => void
}

export function createDeparture(options: DepartureOptions): Departure {
  const { settings, runs, ends, handBacks, receives, calls, connection, mainWatch, post, log } = options
  const startedAtMs = sharedMonotonicMs()
  let phase: Phase = { kind: 'live' }
  let idleSinceMs = startedAtMs
  let idleSeconds = settings.idleSeconds
  let registered = false
  let endsCounted = 0
  let memoryLookedMs = startedAtMs

  const begin = (why: ExitReason, message: string, graceMs = Number.POSITIVE_INFINITY, settle = settleMs) => {
    if (phase.kind === 'gone' && graceMs === 0) return post({ kind: 'exit', why: phase.why, message: phase.message })
    if (phase.kind === 'telling' || phase.kind === 'gone') return
    const sinceMs = sharedMonotonicMs()
    const told = phase.kind !== 'live'
    const abortAtMs = sinceMs + graceMs
    if (phase.kind === 'ending') {
      // A second word can only make it quicker.
      if (abortAtMs >= phase.abortAtMs) return
      phase = { ...phase, why, message, abortAtMs, handBackAtMs: abortAtMs + settle }
      return
    }
    phase = { kind: 'ending', why, message, sinceMs, abortAtMs, handBackAtMs: abortAtMs + settle }
    log('info', 'worker.leaving', { why, message, runs: runs.size() })
    for (const held of runs.all()) if (!held.leaving && runs.takeBack(held)) handBacks.add(held, why)
    handBacks.flush()
    if (!told) leave('leaving', () => {})
  }

  const leave = (step: 'leaving' | 'gone', onTold: () => void, onRefused = onTold, isIdle = false) => {
    if (!registered) return onTold()
    calls.send({
      op: 'leave',
      fields: `"phase":"${step}"${isIdle ? ',"idle":true' : ''}`,
      answerMostMs: leaveAnswerMostMs,
      onAnswer: onTold,
      onProblem: onRefused,
    })
  }

  const finish = (why: ExitReason, message: string) => {
    if (phase.kind === 'gone') return
    phase = { kind: 'gone', why, message, sinceMs: sharedMonotonicMs() }
    connection.close()
    const exit = () => post({ kind: 'exit', why, message })
    options.settle().then(exit, exit)
  }

  const tellGone = (why: ExitReason, message: string) => {
    phase = { kind: 'telling', why, message, untilMs: sharedMonotonicMs() + goneMostMs }
    leave('gone', () => finish(why, message))
  }

  const isSettled = () => runs.size() === 0 && ends.count() === 0 && handBacks.count() === 0

  const look = () => {
    const now = sharedMonotonicMs()
    if (!isSettled()) idleSinceMs = now
    switch (phase.kind) {
      case 'live':
        return lookIdle(now)
      case 'asking':
        if (phase.askedLast && receives.open() === 0 && isSettled()) tellGone('idle', 'no work')
        return
      case 'ending': {
        if (!isSettled()) return
        // The hub answers open receives when it hears of the leaving; one that doesn't is not waited for. What says
        // that it leaves, or how many places are free, must not be carried out after the word that it is gone.
        const waitsForAnswers = calls.underWay() > 0 && connection.downMs() === 0
        if (waitsForAnswers && now - phase.sinceMs < answersMostMs) return
        return tellGone(phase.why, phase.message)
      }
      case 'telling':
      case 'gone':
        return
      default:
        phase satisfies never
    }
  }

  const lookIdle = (now: number) => {
    if (!registered || idleSeconds === undefined || idleSeconds >= idleNeverSeconds || connection.downMs() > 0) return
    if (now - idleSinceMs < idleSeconds * 1_000) return
    phase = { kind: 'asking', askedLast: false }
    const askLast = () => {
      if (phase.kind !== 'asking') return
      phase = { kind: 'asking', askedLast: true }
      receives.last(Math.min(limits.receiveWaitSeconds, Math.max(1, idleSeconds ?? 0)))
    }
    // A hub that wants to keep this one (its worker's least number of instances, a grant that is on its way) refuses; it
    // is asked again later.
    const stay = () => {
      if (phase.kind === 'asking') phase = { kind: 'live' }
      idleSinceMs = sharedMonotonicMs()
    }
    leave('leaving', askLast, stay, true)
  }

  const tickEnding = (now: number, ending: Extract<Phase, { kind: 'ending' }>) => {
    if (now >= ending.abortAtMs) {
      for (const held of runs.all()) {
        if (held.leaving || held.aborted !== undefined) continue
        held.aborted = 'shutdown'
        held.abortedAtMs = now
        post({ kind: 'abort', run: held.grant.run, reason: 'shutdown' })
      }
    }
    const blocked = mainWatch.blockedMs() > blockedMostMs && now - ending.sinceMs > blockedMostMs
    if (now >= ending.handBackAtMs || blocked) {
      for (const held of runs.all()) if (!held.leaving) handBacks.add(held, blocked ? 'instance blocked' : ending.why)
      handBacks.flush()
    }
    // A hub that is away when the time is over finds out by the leases.
    const lateMs = now - ending.handBackAtMs
    if (lateMs > hubUnreachedMs || (lateMs > 0 && connection.downMs() > settleMs)) finish(ending.why, ending.message)
  }

  /** The process cannot be asked any more: its event loop does not turn. Everything that could be settled is. */
  const killIfBlocked = (now: number, sinceMs: number) => {
    if (now - sinceMs < killAfterMs || mainWatch.blockedMs() < killAfterMs) return
    kill(`a handler of worker ${settings.worker} has blocked the event loop`)
  }

  /**
   * Nobody else notices an instance that takes nothing and does not end. Only one that was launched: who started one by
   * hand may be looking at it with a debugger. While a task runs, its time limit is the judge.
   */
  const killIfSilent = () => {
    if (settings.launch === undefined || mainWatch.blockedMs() < settings.mainSilentMs) return
    for (const held of runs.all()) if (runs.isStarted(held)) return
    kill(`worker ${settings.worker} runs no task, and its event loop has not turned`)
  }

  const kill = (what: string) => {
    const seconds = Math.round(mainWatch.blockedMs() / 1_000)
    tellStderr(`taskurai: ${what} for ${seconds} s; ending pid ${process.pid}\n`)
    process.kill(process.pid, 'SIGKILL')
  }

  const lookAtLimits = (now: number) => {
    const { maxTasks, maxSeconds, maxMemoryMb } = settings.recycle
    if (maxTasks !== undefined && endsCounted >= maxTasks) begin('recycled', `${endsCounted} tasks`)
    if (maxSeconds !== undefined && now - startedAtMs >= maxSeconds * 1_000) begin('recycled', `${maxSeconds} s`)
    // Before its first task a fresh one would be no smaller, and starting them would never end.
    if (maxMemoryMb === undefined || endsCounted === 0 || now - memoryLookedMs < memoryEveryMs) return
    memoryLookedMs = now
    const memoryMb = process.memoryUsage.rss() / 1_048_576
    if (memoryMb >= maxMemoryMb) begin('recycled', `${Math.round(memoryMb)} MB of memory`)
  }

  const lookAtHub = () => {
    if (connection.downMs() < settings.hubAwayMs) return
    // An instance started by hand waits for its hub; one that was launched has nobody left to belong to.
    if (registered && settings.launch === undefined) return
    for (const held of runs.all()) if (held.aborted !== 'lease-lost' && !held.leaving) return
    finish('hub-away', `no hub at ${settings.hubName} for ${Math.round(connection.downMs() / 1_000)} s`)
  }

  return {
    isLive: () => phase.kind === 'live',
    isEnding: () => phase.kind === 'ending' || phase.kind === 'telling' || phase.kind === 'gone',
    reason: () => (phase.kind === 'ending' || phase.kind === 'telling' ? phase.why : 'shutdown'),
    onRegistered: (answer) => {
      registered = true
      // A hub that has just come (back) has had no time to give work.
      idleSinceMs = sharedMonotonicMs()
      if (settings.idleSeconds !== undefined || typeof answer !== 'object' || answer === null) return
      const told = 'idleSeconds' in answer ? answer.idleSeconds : undefined
      idleSeconds = typeof told === 'number' && told >= 0 ? told : undefined
    },
    onWork: () => {
      if (phase.kind === 'asking') phase = { kind: 'live' }
    },
    onStuck: ({ grant }, why) => {
      log('error', 'run.stuck', { taskId: grant.task.id, why })
      begin('recycled', why)
    },
    countEnd: () => {
      endsCounted++
    },
    begin: (why, message) => begin(why, message),
    stop: (why, graceMs) => begin(why, why, graceMs, graceMs === 0 ? settleAtOnceMs : settleMs),
    finish,
    look,
    tick: (now) => {
      lookAtHub()
      if (phase.kind === 'live' && registered) lookAtLimits(now)
      if (phase.kind === 'ending') tickEnding(now, phase)
      if (phase.kind === 'telling' && now > phase.untilMs) finish(phase.why, phase.message)
      if (phase.kind === 'gone') killIfBlocked(now, phase.sinceMs)
      else killIfSilent()
    },
  }
}

/** Straight to the file: a thread's own stderr passes through the main thread, which is the one that is stuck. */
function tellStderr(line: string): void {
  try {
    writeSync(2, line)
  } catch {
    // Nobody reads it.
  }
}

import type { Grant } from '#core/contract/worker-protocol'
import { settleMs } from '#worker-runtime/agent/departure'
import { timeoutGraceMs } from '#worker-runtime/agent/watch'
import { timeoutLine } from '#worker-runtime/end-lines'
import { type AbortReason, TaskAborted } from '#worker-runtime/failure'
import { logOf, type WriteLog } from '#worker-runtime/log'
import { createRunFiles } from '#worker-runtime/run-files'
import { type ReadyCommand, type Running, runTask, signalOf } from '#worker-runtime/run-task'
import { createTestFlow, type TestFlowOptions } from './flow-port.ts'
import type { TestHub } from './hub.ts'
import type { TestFiles } from './test-files.ts'
import type { TestTime } from './time.ts'

/**
 * One run, as an instance makes it: the runtime's own `runTask`, and around it what its agent does to a run (abort at
 * the time limit, an end five seconds later whatever the handler does, hand-back at shutdown, leaving behind what can
 * only wait), in the test's time.
 */

/** Taken before a test framework puts fake timers in their place: patience is measured in real time. */
const { setTimeout: setRealTimeout, clearTimeout: clearRealTimeout } = globalThis

/** How a run ended by itself: with its line, given back to wait, or handed back, where nothing else may be written for it. */
export type Ended =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'hand-back'; readonly reason: string }

export interface RunOnceOptions extends Pick<TestFlowOptions, 'onCanceled' | 'onSteps' | 'onBlamed'> {
  readonly hub: TestHub
  readonly grant: Grant
  readonly ready: ReadyCommand
  readonly time: TestTime
  readonly patienceSeconds: number
  readonly files: TestFiles
  readonly onProgress: (percent: number, message: string | undefined) => void
  readonly onLog: WriteLog
  /** Called in the moment in which it ends, once, and not for a run that the hub ended. */
  readonly onEnded: (ended: Ended) => void
}

export interface OneRun {
  readonly abort: (reason: AbortReason) => void
  /** A crash, or the end of a cancel's grace: whatever the handler still brings counts for nothing. */
  readonly endByHub: (options: { readonly isWaitedFor: boolean }) => void
  readonly isOver: () => boolean
  /** Resolves when the next run may begin: when the handler has returned, or is one that nobody waits for. */
  readonly settled: Promise<void>
}

export function runOnce(options: RunOnceOptions): OneRun {
  const { grant, time } = options
  // A run that is there to undo what was done begins with its signal aborted.
  const aborted = grant.undo === 'canceled' ? 'cancel' : undefined
  const running: Running = { grant, slot: 0, startedAtMs: 0, controller: undefined, aborted, ended: false }
  const takeBacks: (() => void)[] = []
  const after = (ms: number, fire: () => void) => {
    takeBacks.push(time.at(new Date(time.now().getTime() + ms), fire))
  }

  const { promise: settled, resolve, reject } = settler()
  const patience = setRealTimeout(() => {
    running.ended = true
    reject(new Error(impatience(options)))
  }, options.patienceSeconds * 1_000)
  const settle = () => {
    clearRealTimeout(patience)
    resolve()
  }
  /** The first end stands. */
  const over = (ended?: Ended) => {
    if (running.ended) return
    running.ended = true
    for (const takeBack of takeBacks) takeBack()
    if (ended !== undefined) options.onEnded(ended)
  }

  const abort = (reason: AbortReason) => {
    if (running.aborted !== undefined || running.ended) return
    running.aborted = reason
    if (reason === 'shutdown') {
      after(settleMs, () => {
        over({ kind: 'hand-back', reason })
        settle()
      })
    }
    tellAborted()
  }
  const tellAborted = () => {
    if (running.aborted === undefined) return
    const why = new TaskAborted(running.aborted)
    running.controller?.abort(why)
    // A canceled run may still undo what it did, with whatever files that takes.
    if (running.aborted !== 'cancel') running.files?.abort(why)
    running.flow?.abort(why)
  }
  const leaveBehind = () => {
    if (running.ended) return
    running.aborted = 'suspended'
    over({ kind: 'suspended' })
    running.controller?.abort(new TaskAborted('suspended'))
    void Promise.resolve(running.files?.close()).then(settle, reject)
  }

  const { timeoutSeconds } = grant
  if (timeoutSeconds !== undefined) {
    after(timeoutSeconds * 1_000, () => abort('timeout'))
    after(timeoutSeconds * 1_000 + timeoutGraceMs, () => {
      over({ kind: 'line', line: timeoutLine(grant, timeoutSeconds) })
      settle()
    })
  }

  const files = () => createRunFiles({ task: grant.task, transfers: async () => options.files })
  const flow = () =>
    createTestFlow({
      ...options,
      pass: (seconds) => time.pass(seconds),
      signal: () => signalOf(running),
      aborted: () => (running.aborted === undefined ? undefined : new TaskAborted(running.aborted)),
      runFiles: () => {
        running.files ??= files()
        return running.files
      },
      onSuspended: leaveBehind,
    })

  // Whoever began the run must hold its handle before the handler says anything.
  queueMicrotask(
    () =>
      void runTask(running, options.ready, {
        end: (_, line) => {
          over(line === '' ? { kind: 'hand-back', reason: running.aborted ?? 'shutdown' } : { kind: 'line', line })
          settle()
        },
        progress: (_, report) => {
          if (running.ended) return
          const { percent, message }: { percent: number; message?: string } = JSON.parse(report)
          options.onProgress(percent, message)
        },
        log: () =>
          logOf((level, event, fields) => {
            if (!running.ended) options.onLog(level, event, fields)
          }),
        now: () => time.now().getTime(),
        files,
        flow,
      }),
  )

  return {
    abort,
    endByHub: ({ isWaitedFor }) => {
      over()
      running.aborted ??= 'lease-lost'
      tellAborted()
      if (!isWaitedFor) settle()
    },
    isOver: () => running.ended,
    settled,
  }
}

function impatience({ grant, time, patienceSeconds }: RunOnceOptions): string {
  return (
    `${grant.task.command} had not returned after ${patienceSeconds} s of real time, at ${time.now().toISOString()} of ` +
    'the test. A handler that waits needs the test to let time pass (time.pass), or a longer patienceSeconds.'
  )
}

interface Settler {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

function settler(): Settler {
  let settle: Omit<Settler, 'promise'> | undefined
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  if (settle === undefined) throw new Error('a promise runs its executor at once')
  return { promise, ...settle }
}

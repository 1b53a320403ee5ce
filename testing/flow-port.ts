import { ApiError } from '#core/contract/errors'
import type { StepReport } from '#core/contract/steps'
import type { Grant, StepsAnswer } from '#core/contract/worker-protocol'
import { type TaskAborted, TaskFailure } from '#worker-runtime/failure'
import type { FlowPort } from '#worker-runtime/flow/run-flow'
import type { RunFiles } from '#worker-runtime/run-files'
import type { TestHub } from './hub.ts'
import type { TestFiles } from './test-files.ts'
import type { TestedStep } from './tested-task.ts'

/** Taken before a test framework puts fake timers in its place. */
const { setImmediate: atTurnEnd } = globalThis

export interface TestFlowOptions {
  readonly hub: TestHub
  readonly grant: Grant
  readonly files: TestFiles
  /** Lets so many seconds of the test pass. */
  readonly pass: (seconds: number) => void
  readonly signal: () => AbortSignal
  readonly aborted: () => TaskAborted | undefined
  readonly runFiles: () => RunFiles
  /** The hub has taken the run back: what its handler still asks for never settles. */
  readonly onSuspended: () => void
  /** The hub says that somebody has canceled the task. */
  readonly onCanceled: () => void
  /** Steps that were over, and are remembered now. */
  readonly onSteps: (steps: readonly Omit<TestedStep, 'run'>[]) => void
  /** The test itself is at fault. */
  readonly onBlamed: () => void
}

/** How a run under test speaks of its steps: with the hub of the test, in the same turn. */
export function createTestFlow(options: TestFlowOptions): FlowPort {
  const { hub, grant, files, aborted, runFiles } = options
  const { now } = hub.world.clock
  /** When each pause that a step makes in memory is over. */
  const pauses = new Map<() => void, number>()

  /** Nothing else lets time pass while a handler runs; steps that pause side by side do so at the same time. */
  const passPauses = () =>
    atTurnEnd(() => {
      if (pauses.size === 0 || aborted() !== undefined) return
      const first = Math.min(...pauses.values())
      options.pass(Math.max(0, first - now()) / 1_000)
      for (const [end, at] of pauses) if (at <= now()) end()
      if (pauses.size > 0) passPauses()
    })

  return {
    ...{ now, aborted, files: runFiles, chance: hub.world.chance },
    pause: (ms) =>
      new Promise((resolve) => {
        const end = () => {
          pauses.delete(end)
          resolve()
        }
        if (pauses.size === 0) passPauses()
        pauses.set(end, now() + ms)
        options.signal().addEventListener('abort', end)
      }),
    report: async (told) => {
      const reports = told.map((report) => inline(report, files))
      // What a hook has sent comes before what the handler says next.
      await hub.heard()
      const answer = await hub.step(grant, reports)
      if (hub.isBlamed()) options.onBlamed()
      if (answer.outcome === 'cancel') options.onCanceled()
      options.onSteps(stepsOf(reports, answer))
      return answer
    },
    suspend: async (waits) => {
      await hub.heard()
      const answer = await hub.suspend(grant, waits)
      if (answer.outcome === 'suspended') options.onSuspended()
      if (answer.outcome === 'cancel') options.onCanceled()
      return answer
    },
    outputs: async (wait, from) => {
      try {
        return await hub.outputs(grant, wait, from)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        throw new TaskFailure(`No outputs of ${wait}: ${error.message}`, { code: 'no-outputs' })
      }
    },
  }
}

/** A large result lies nowhere apart: files of a test are its own, and no hub has them. */
function inline(report: StepReport, files: TestFiles): StepReport {
  if (report.kind !== 'done' || report.outputPayload === undefined) return report
  const { outputPayload, ...rest } = report
  return { ...rest, output: files.jsonOf(outputPayload) }
}

/** As they are remembered, by whoever told first. */
function stepsOf(reports: readonly StepReport[], { records = [] }: StepsAnswer): Omit<TestedStep, 'run'>[] {
  return reports.flatMap((report) => {
    if (report.kind !== 'done' && report.kind !== 'failed') return []
    const record = records.find(({ id }) => id === report.id)
    if (record === undefined || record.state === 'open') return []
    const { id, state, output, error, tries } = record
    const told = { ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) }
    return [{ id, state, ...told, tries: tries ?? 1 }]
  })
}

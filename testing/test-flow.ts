import type { StepRecord, StepReport } from '#core/contract/steps'
import type { TaskAborted } from '#worker-runtime/failure'
import type { FlowPort } from '#worker-runtime/flow/run-flow'
import type { RunFiles } from '#worker-runtime/run-files'

/**
 * Steps of a run under test: what they gave is remembered for the run, and sleeps end when the test lets time pass.
 * Sub tasks and signals need a hub, and say so.
 */
export interface TestFlowOptions {
  readonly now: () => number
  readonly after: (ms: number, then: () => void) => void
  readonly aborted: () => TaskAborted | undefined
  readonly files: () => RunFiles
}

export function createTestFlow({ now, after, aborted, files }: TestFlowOptions): FlowPort {
  const wait = (ms: number) => new Promise<void>((resolve) => after(ms, resolve))
  return {
    ...{ now, aborted, files },
    chance: () => 0.5,
    pause: wait,
    report: async (reports) => {
      const refused = reports.find(({ kind }) => kind === 'call' || kind === 'create')
      if (refused !== undefined) return { run: '', outcome: 'refused', message: needsHub('sub tasks') }
      return { run: '', outcome: 'owned', records: reports.flatMap(recordOf) }
    },
    suspend: async (waits) => {
      const sleeps = waits.flatMap((each) => (each.kind === 'sleep' || each.kind === 'step' ? [each] : []))
      const first = sleeps.sort((a, b) => (a.until ?? 0) - (b.until ?? 0))[0]
      if (first === undefined) return { run: '', outcome: 'refused', message: needsHub('signals and sub tasks') }
      await wait(Math.max(0, (first.until ?? 0) - now()))
      const kind = first.kind === 'sleep' ? 'sleep' : 'step'
      return { run: '', outcome: 'resolved', records: [{ id: first.id, kind, state: 'done' }] }
    },
    outputs: () => Promise.reject(new Error(needsHub('sub tasks'))),
  }
}

function needsHub(what: string): string {
  return `taskurai/testing plays no ${what}: test such a command on a hub of its own (docs/testing.md)`
}

function recordOf(report: StepReport): readonly StepRecord[] {
  if (report.kind === 'done') return [{ ...report, kind: 'step', state: 'done' }]
  if (report.kind === 'failed') return [{ ...report, kind: 'step', state: 'failed' }]
  if (report.kind === 'open') return [{ id: report.wait.id, kind: 'step', state: 'open', wait: report.wait }]
  return []
}

import type { OpenWait, StepRecord, StepReport } from '#core/contract/steps'
import type { ChildOutput, Grant, StepsAnswer, SuspendAnswer } from '#core/contract/worker-protocol'
import { type AbortReason, TaskAborted } from '#worker-runtime/failure'
import type { FlowContext } from '#worker-runtime/flow/flow-context'
import { flowContextOf } from '#worker-runtime/flow/flow-of-run'
import { type FlowPort, RunFlow } from '#worker-runtime/flow/run-flow'
import type { RunFiles } from '#worker-runtime/run-files'
import { VirtualClock } from './virtual-clock.ts'

/** One run's steps and waits against a hub that the test plays, in the test's own time. */

export interface FlowRunOptions {
  /** What earlier runs left. */
  readonly steps?: readonly StepRecord[]
  readonly born?: string
  readonly clock?: VirtualClock
  /** Who told first, and what: the hub keeps that. */
  readonly standing?: readonly StepRecord[]
  /** Suspended where it answers nothing. */
  readonly suspend?: (waits: readonly OpenWait[]) => Partial<SuspendAnswer> | Promise<Partial<SuspendAnswer>>
  readonly outputs?: (from: number) => { readonly outputs: readonly ChildOutput[]; readonly next?: number }
  /** JSON that lies apart, by its name. */
  readonly apart?: Readonly<Record<string, unknown>>
}

export interface FlowRun {
  readonly ctx: FlowContext
  readonly clock: VirtualClock
  readonly reports: readonly StepReport[]
  readonly suspends: readonly (readonly OpenWait[])[]
  readonly uploads: readonly string[]
  readonly abort: (reason: AbortReason) => void
  /** Of all that may happen without time passing. */
  readonly settled: () => Promise<void>
}

export const taskId = '00000000000000000000000001'

export function startFlowRun(options: FlowRunOptions = {}): FlowRun {
  const { clock = new VirtualClock(), standing = [] } = options
  const reports: StepReport[] = []
  const suspends: (readonly OpenWait[])[] = []
  const uploads: string[] = []
  let aborted: TaskAborted | undefined

  const keepOutput: RunFiles['keepOutput'] = async (json) => `payload${uploads.push(json)}`
  const fetchJson: RunFiles['fetchJson'] = async (id, name) => options.apart?.[name] ?? options.apart?.[id]
  const port: FlowPort = {
    report: async (told): Promise<StepsAnswer> => {
      reports.push(...told)
      const records = told.flatMap((report) => standing.filter(({ id }) => id === idOf(report))[0] ?? recordOf(report))
      const ids = told.flatMap((report) =>
        'tasks' in report ? report.tasks.map((_, index) => `${report.id}.${report.from + index}`) : [],
      )
      return { run: 'r', outcome: 'owned', records, ids }
    },
    suspend: async (waits) => {
      suspends.push(waits)
      return { run: 'r', outcome: 'suspended', ...(await options.suspend?.(waits)) }
    },
    outputs: async (_wait, from) => ({ outputs: [], ...options.outputs?.(from) }),
    aborted: () => aborted,
    files: () => ({ keepOutput, fetchJson }) as RunFiles,
    now: clock.now,
    chance: () => 0.999,
    pause: (ms) => clock.wait(ms),
  }
  const born = options.born === undefined ? {} : { born: options.born }
  const grant = { run: 'r', task: { id: taskId }, steps: options.steps, ...born } as Grant
  const flow = new RunFlow(grant, port)
  return {
    ctx: flowContextOf(flow),
    clock,
    reports,
    suspends,
    uploads,
    abort: (reason) => {
      aborted = new TaskAborted(reason)
      flow.abort(aborted)
    },
    settled: () => clock.advance(0),
  }
}

function idOf(report: StepReport): string {
  return report.kind === 'open' ? report.wait.id : report.id
}

/** As the hub would remember it. */
function recordOf(report: StepReport): readonly StepRecord[] {
  switch (report.kind) {
    case 'done':
    case 'failed':
      return [{ ...report, kind: 'step', state: report.kind }]
    case 'open':
      return [{ id: report.wait.id, kind: report.wait.kind, state: 'open', wait: report.wait }]
    case 'create':
    case 'call': {
      const { kind, id, count } = report
      if (report.from + report.tasks.length < count) return []
      if (kind === 'create') return [{ id, kind, state: 'done', count }]
      return [{ id, kind, state: 'open', wait: { kind: 'wait', id, of: [{ step: id }], onFailure: 'fail' } }]
    }
    default:
      return report satisfies never
  }
}

/** What a test asks of a promise that may never settle. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const later = new Promise((resolve) => setImmediate(() => setImmediate(resolve, pending)))
  return (await Promise.race([promise.catch(() => undefined), later])) === pending
}

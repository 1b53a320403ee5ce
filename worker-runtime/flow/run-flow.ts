import type { OpenWait, StepKind, StepRecord, StepReport } from '#core/contract/steps'
import type { ChildOutput, Grant, StepsAnswer, SuspendAnswer } from '#core/contract/worker-protocol'
import { stepFileName } from '#core/files/step-file'
import { TaskAborted, TaskFailure } from '../failure.ts'
import type { RunFiles } from '../run-files.ts'
import type { RunTrace } from '../trace/run-trace.ts'
import { failureOf } from './flow-failures.ts'
import { createRunMemory, type RunMemory } from './run-memory.ts'

/** How a run speaks of its steps: each message is answered, unless the run is over by then. */
export interface FlowPort {
  readonly report: (reports: readonly StepReport[]) => Promise<StepsAnswer>
  readonly suspend: (waits: readonly OpenWait[]) => Promise<SuspendAnswer>
  readonly outputs: (wait: string, from: number) => Promise<{ outputs: readonly ChildOutput[]; next?: number }>
  /** Whether the run has been asked to stop, and why. */
  readonly aborted: () => TaskAborted | undefined
  readonly files: () => RunFiles
  /** Epoch ms. */
  readonly now: () => number
  readonly chance: () => number
  readonly pause: (ms: number) => Promise<void>
}

/** Taken before a test framework puts fake timers in its place. */
const { setImmediate: atTurnEnd } = globalThis

interface Pending {
  readonly wait: OpenWait
  readonly kind: StepKind
  isTold: boolean
  readonly resolve: (record: StepRecord) => void
  readonly reject: (error: unknown) => void
}

/**
 * The steps and waits of one run. While anything is being done the run goes on; when it can only wait, all its waits go
 * to the hub together, which takes the slot back or says which of them is over.
 *
 * Invariant: once the hub has taken the run back, nothing of it settles any more, and nothing is sent.
 */
export class RunFlow {
  readonly memory: RunMemory
  readonly port: FlowPort
  readonly grant: Grant
  readonly trace: RunTrace | undefined
  /** The task has sub tasks: its end says so. */
  hasChildren: boolean
  /** The code does something else than in an earlier run, and was told so. */
  divergence: unknown
  /** Steps under way and answers awaited: the run does something. */
  #busy = 0
  #isScheduled = false
  /** While a suspend is under way: resolves with its answer. */
  #suspending: Promise<void> | undefined
  #isOver = false
  readonly #waits = new Map<string, Pending>()

  constructor(grant: Grant, port: FlowPort, trace?: RunTrace) {
    this.grant = grant
    this.trace = trace
    this.port = port
    this.memory = createRunMemory(grant.steps ?? [])
    this.hasChildren = hasChildren(grant)
  }

  /** Counts as something that is being done, for as long as it takes. A canceled run may still undo what it did. */
  async during<T>(work: () => Promise<T>, mayBeCanceled = false): Promise<T> {
    // What began while the hub takes the run back would be begun once more by the next run.
    while (this.#suspending !== undefined) await this.#suspending
    if (this.isLeft()) return never()
    if (mayBeCanceled) this.refuseIfStopped()
    else this.refuseIfAborted()
    this.#busy++
    try {
      return await work()
    } finally {
      this.#busy--
      this.#schedule()
    }
  }

  /** Tells of steps, and answers what is remembered of them. */
  async report(...reports: readonly StepReport[]): Promise<StepsAnswer> {
    if (this.#isOver) return never()
    const answer = await this.port.report(reports)
    if (this.#isOver) return never()
    for (const record of answer.records ?? []) this.memory.learn(record)
    if (answer.outcome === 'lost') throw new TaskAborted('lease-lost')
    if (answer.outcome === 'refused') {
      const message = answer.message ?? 'the hub refused a step'
      throw new TaskFailure(message, { code: 'step-refused', retryable: false })
    }
    return answer
  }

  /** Settles when the hub says that this wait is over: in this run, or for another one that begins anew. */
  wait(wait: OpenWait, kind: StepKind): Promise<StepRecord> {
    if (this.isLeft()) return never()
    this.refuseIfAborted()
    return new Promise((resolve, reject) => {
      this.#waits.set(wait.id, { wait, kind, isTold: false, resolve, reject })
      this.#schedule()
    })
  }

  /** The output of a record that is over, or its failure. */
  async valueOf(record: StepRecord): Promise<unknown> {
    if (record.state === 'failed') throw failureOf(record.kind, record.error)
    if (record.outputPayload === undefined) return record.output
    return this.during(() => this.port.files().fetchJson(this.grant.task.id, stepFileName(record.id)), true)
  }

  /** The run is to stop: whoever waits hears of it. */
  abort(reason: TaskAborted): void {
    this.#rejectAll(reason)
  }

  /** Its task goes on in another run: who still asks in this one is left behind. */
  isLeft(): boolean {
    return this.#isOver || this.port.aborted()?.reason === 'suspended'
  }

  refuseIfAborted(): void {
    const reason = this.port.aborted()
    if (reason !== undefined) throw reason
  }

  /** A cancel leaves the run its grace time. */
  refuseIfStopped(): void {
    const reason = this.port.aborted()
    if (reason !== undefined && reason.reason !== 'cancel') throw reason
  }

  /** At the end of the turn, so that waits which are asked for together go together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isOver) return
    this.#isScheduled = true
    atTurnEnd(() => {
      this.#isScheduled = false
      if (this.#isOver || this.#waits.size === 0 || this.port.aborted() !== undefined) return
      if (this.#busy === 0) void this.#suspend()
      else void this.#tellWaits()
    })
  }

  /** Beside a step that runs: so that a crash lengthens no sleep. */
  async #tellWaits(): Promise<void> {
    const untold = [...this.#waits.values()].filter(({ isTold, wait }) => !isTold && !this.#isKnown(wait))
    for (const pending of untold) pending.isTold = true
    if (untold.length === 0) return
    try {
      await this.report(...untold.map(({ wait }) => ({ kind: 'open' as const, wait })))
    } catch (error) {
      for (const { wait, reject } of untold) {
        this.#waits.delete(wait.id)
        reject(error)
      }
    }
  }

  /** A step between two tries is told of each; all else was settled when it was first told. */
  #isKnown(wait: OpenWait): boolean {
    const known = this.memory.get(wait.id)?.wait
    return known !== undefined && (known.kind !== 'step' || wait.kind !== 'step' || known.tries === wait.tries)
  }

  async #suspend(): Promise<void> {
    if (this.#suspending !== undefined) return
    let answered = () => {}
    this.#suspending = new Promise((resolve) => {
      answered = resolve
    })
    try {
      this.#take(await this.port.suspend([...this.#waits.values()].map(({ wait }) => wait)))
    } catch (error) {
      this.#rejectAll(error)
    } finally {
      this.#suspending = undefined
      answered()
      this.#schedule()
    }
  }

  #take(answer: SuspendAnswer): void {
    switch (answer.outcome) {
      case 'suspended':
        this.#isOver = true
        this.#waits.clear()
        return
      case 'resolved':
        return this.#settle(answer.records ?? [])
      case 'cancel':
        return this.#rejectAll(new TaskAborted('cancel'))
      case 'lost':
        return this.#rejectAll(new TaskAborted('lease-lost'))
      case 'refused':
        return this.#rejectAll(
          new TaskFailure(answer.message ?? 'the hub refused a wait', { code: 'step-refused', retryable: false }),
        )
      default:
        answer.outcome satisfies never
    }
  }

  #settle(records: readonly StepRecord[]): void {
    let settled = 0
    for (const record of records) {
      this.memory.learn(record)
      const pending = this.#waits.get(record.id)
      if (pending === undefined) continue
      settled++
      this.#waits.delete(record.id)
      pending.resolve(record)
    }
    // Else the same would be asked again at once, for ever.
    if (settled === 0) this.#rejectAll(new Error('the hub said that a wait is over, but not which one'))
  }

  #rejectAll(error: unknown): void {
    const waits = [...this.#waits.values()]
    this.#waits.clear()
    for (const { reject } of waits) reject(error)
  }
}

/** What a run that is over gets: its handler stays where it is. */
export function never(): Promise<never> {
  return new Promise(() => undefined)
}

export function hasChildren({ children, steps = [] }: Pick<Grant, 'children' | 'steps'>): boolean {
  return children === true || steps.some(({ kind }) => kind === 'call' || kind === 'create')
}

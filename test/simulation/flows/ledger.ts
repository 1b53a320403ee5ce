import type { OpenWait, StepRecord } from '#core/contract/steps'
import { isTerminal } from '#core/contract/task'
import type { Signal } from '#core/flow/signals'
import type { Head } from '#core/head'
import { headSk } from '#core/keys'
import type { Change } from '#core/ports'

/**
 * What runs of workflows were told, and when tasks ended: kept beside the store, so that the store can be held against
 * it. Every breach is one sentence.
 */

/** Of a sub task, in one era of its parent. */
export interface Ends {
  hasSucceeded: boolean
  hasFailed: boolean
}

/** So much do clocks differ. */
const skewMs = 5_000

export class Ledger {
  readonly #fail: (breach: string) => void
  readonly #nowMs: () => number
  /** The first answer for each step, in an era or for good. */
  readonly #told = new Map<string, string>()
  readonly #consumed = new Map<string, string>()
  readonly #ends = new Map<string, Map<number, Ends>>()
  readonly #runEndedMs = new Map<string, number>()
  readonly #failingSinceMs = new Map<string, number>()
  readonly #signalWrittenMs = new Map<string, number>()
  /** By run, and by which run a task was suspended. */
  readonly #waits = new Map<string, readonly OpenWait[]>()
  readonly #suspendedBy = new Map<string, string>()
  readonly #retriedMs = new Map<string, number>()
  readonly dependencies = new Map<string, readonly string[]>()

  constructor(fail: (breach: string) => void, nowMs: () => number) {
    this.#fail = fail
    this.#nowMs = nowMs
  }

  /** A run is told of a step: with its grant, or in answer to a report. */
  told({ id, born, flow }: Head, record: StepRecord, isOwner: boolean): void {
    const step = `${id} ${born} ${record.id}`
    const inEra = `${step} era ${flow?.era ?? 0}`
    const what = JSON.stringify([record.output ?? null, record.error ?? null, record.count, record.attempts])
    if (record.state === 'done') {
      this.#same(`${step} done`, what)
      // Who has lost its task may be told of an era that is not its own.
      if (isOwner && this.#told.has(`${inEra} failed`)) this.#fail(`the step ${short(step)} had failed, and is done`)
      this.#notConsumedTwice(`${id} ${born}`, record)
    } else if (!isOwner) {
      // Nor does what it does with an open wait count.
    } else if (record.state === 'failed') {
      this.#same(`${inEra} failed`, what)
      if (this.#told.has(`${step} done`)) this.#fail(`the step ${short(step)} was done, and has failed`)
    } else if (record.wait?.kind === 'step') {
      if (record.wait.input !== undefined) this.#same(`${inEra} input`, JSON.stringify(record.wait.input))
    } else if (record.wait !== undefined && 'until' in record.wait) {
      this.#same(`${inEra} until`, String(record.wait.until))
    }
  }

  #same(what: string, now: string): void {
    const first = this.#told.get(what)
    if (first === undefined) this.#told.set(what, now)
    else if (first !== now) this.#fail(`${short(what)} was ${first} and is ${now}`)
  }

  #notConsumedTwice(task: string, { kind, id: step, output }: StepRecord): void {
    if (kind !== 'signal') return
    const signal = `${task} ${(output as { readonly signal: string }).signal}`
    const first = this.#consumed.get(signal)
    if (first === undefined) this.#consumed.set(signal, step)
    else if (first !== step) this.#fail(`the signal ${short(signal)} was consumed by ${first} and by ${step}`)
  }

  suspends(run: string, waits: readonly OpenWait[]): void {
    this.#waits.set(run, waits)
  }

  /** What the last run of a task waits for, as it said itself. */
  waitsOf(taskId: string): readonly OpenWait[] {
    return this.#waits.get(this.#suspendedBy.get(taskId) ?? '') ?? []
  }

  /** A run begins to tell that a step of it has failed for good. */
  failsForGood(run: string): void {
    this.#failingSinceMs.set(run, this.#nowMs())
  }

  /** Whether a run told of a failure after it had lost its task. */
  wasLostBeforeFailing(run: string): boolean {
    return (this.#runEndedMs.get(run) ?? Number.POSITIVE_INFINITY) < (this.#failingSinceMs.get(run) ?? 0)
  }

  endsOf(taskId: string, era: number): Ends | undefined {
    return this.#ends.get(taskId)?.get(era)
  }

  hasEverEnded(taskId: string): boolean {
    return this.#ends.has(taskId)
  }

  hasEverSucceeded(taskId: string): boolean {
    return [...(this.#ends.get(taskId)?.values() ?? [])].some((ends) => ends.hasSucceeded)
  }

  signalWrittenMs(pk: string, sk: string): number {
    return this.#signalWrittenMs.get(`${pk} ${sk}`) ?? Number.POSITIVE_INFINITY
  }

  noteChange({ pk, sk, before, after }: Change): void {
    if (sk.startsWith('SIG#') && before === undefined) this.#signalWrittenMs.set(`${pk} ${sk}`, this.#nowMs())
    if (sk.startsWith('SIG#') && before !== undefined && after !== undefined) {
      const [was, is] = [before, after].map(({ data }) => (data as Signal).consumedBy)
      if (was !== undefined && was !== is) this.#fail(`the signal ${sk} of ${was} was given to ${is}`)
    }
    if (sk !== headSk || after === undefined || !pk.startsWith('T#')) return
    const was = before?.data as Head | undefined
    const is = after.data as Head
    if (was?.run !== undefined && was.run.id !== is.run?.id) this.#runEndedMs.set(was.run.id, this.#nowMs())
    if (was?.run !== undefined && is.status === 'suspended') this.#suspendedBy.set(is.id, was.run.id)
    if (was !== undefined && is.status === 'canceled') this.#checkUndone(was)
    if (isTerminal(is.status)) this.#noteEnd(is)
    else if (was !== undefined && isTerminal(was.status)) this.#noteRetry(is)
  }

  /** Who may have something to undo gets a run for it, or the time in which one could have begun. */
  #checkUndone({ id, status, flow, startedAt, cancel }: Head): void {
    const waits = status === 'queued' || status === 'waiting' || status === 'suspended'
    if (!waits || flow?.runsOnCancel !== true || startedAt === undefined) return
    const isOver = cancel !== undefined && this.#nowMs() >= cancel.graceUntil - skewMs
    if (!isOver) this.#fail(`task ${short(id)} was canceled while it was ${status}, with nothing undone`)
  }

  #noteRetry({ id, history }: Head): void {
    const [, , by = ''] = history.at(-1) ?? []
    if (!by.startsWith('task ')) this.#retriedMs.set(id, this.#nowMs())
  }

  /** When a person has begun it anew, whatever became of its parent. */
  retriedMs(taskId: string): number {
    return this.#retriedMs.get(taskId) ?? 0
  }

  #noteEnd({ id, status, flow }: Head): void {
    const byEra = this.#ends.get(id) ?? new Map<number, Ends>()
    this.#ends.set(id, byEra)
    const era = flow?.parent?.era ?? 0
    const ends = byEra.get(era) ?? { hasSucceeded: false, hasFailed: false }
    byEra.set(era, ends)
    if (status === 'succeeded') ends.hasSucceeded = true
    else ends.hasFailed = true
  }
}

function short(text: string): string {
  return text.replace(/[0-9A-HJKMNP-TV-Z]{26}/g, (id) => id.slice(-4))
}

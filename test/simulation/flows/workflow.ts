import type { OpenWait, StepRecord, StepReport } from '#core/contract/steps'
import type { Head } from '#core/head'
import { headKey } from '#core/keys'
import type { RunEnd } from '#core/tasks/end-run'
import type { Owner } from '../owner.ts'
import { subTaskOf } from './door.ts'
import { FlowSpeech } from './flow-speech.ts'
import type { Act, Script } from './script.ts'

/** One run of a workflow as an SDK plays it: what is remembered is passed over, the next thing is done, waits give the slot back. */

/** The run is over, or not its owner's any more: nothing more is said. */
class Over extends Error {}
/** A wait or a step that failed, as the handler meets it. */
class ActFailed extends Error {}
/** What a handler throws of itself. */
class Thrown extends Error {
  readonly isRetryable: boolean
  constructor(isRetryable: boolean) {
    super('it broke')
    this.isRetryable = isRetryable
  }
}

type SubTaskAct = Extract<Act, { kind: 'call' | 'create' }>
type StepAct = Extract<Act, { kind: 'step' }>

const pauseMs = [6_000, 60_000, 1_500_000] as const
const failuresOfHandler = 0.04

export class Workflow {
  readonly #owner: Owner
  readonly #script: Script
  readonly #speech: FlowSpeech
  readonly #records = new Map<string, StepRecord>()
  #hasChildren: boolean

  constructor(owner: Owner, script: Script) {
    this.#owner = owner
    this.#script = script
    this.#speech = new FlowSpeech(owner)
    for (const record of owner.replay.steps ?? []) this.#learn(record)
    this.#hasChildren = owner.replay.children === true
  }

  get #era(): number {
    return this.#owner.head.flow?.era ?? 0
  }

  async carryOut(): Promise<void> {
    try {
      if (this.#owner.head.cancel !== undefined) await this.#stop()
      for (const stage of this.#script.stages) await this.#play(stage)
      await this.#end({ kind: 'succeed', result: { output: { run: this.#owner.run } } })
    } catch (error) {
      if (error instanceof Over) return
      if (!(error instanceof ActFailed || error instanceof Thrown)) throw error
      const retryable = error instanceof Thrown && error.isRetryable
      await this.#end({ kind: 'fail', error: { code: 'broken', message: error.message, retryable } })
    }
  }

  /** All acts of a stage at once: what can be done is done, then the rest is waited for. */
  async #play(stage: readonly Act[]): Promise<void> {
    const { random } = this.#owner.instance.simulation
    if (random.is(failuresOfHandler)) throw new Thrown(random.is(0.7))
    const open = new Set(stage)
    const pending = new Map<string, OpenWait>()
    while (open.size > 0) {
      const waits: OpenWait[] = []
      // Waits first, so that they are told of while a step runs.
      for (const act of [...open].sort((a, b) => Number(a.kind === 'step') - Number(b.kind === 'step'))) {
        if (act.kind === 'step' && waits.length > 0) await this.#tellUntold(waits)
        const isOver = (this.#records.get(act.id)?.state ?? 'open') !== 'open'
        const asked = isOver ? undefined : pending.get(act.id)
        const wait = asked ?? (await this.#advance(act))
        if (wait === undefined) open.delete(act)
        else {
          pending.set(act.id, wait)
          waits.push(wait)
        }
      }
      if (waits.length > 0) await this.#suspend(waits)
    }
  }

  async #tellUntold(waits: readonly OpenWait[]): Promise<void> {
    const untold = waits.filter(({ id }) => this.#records.get(id)?.wait === undefined)
    if (untold.length > 0) await this.#report(...untold.map((wait) => ({ kind: 'open' as const, wait })))
  }

  /** Undefined: it is over. */
  async #advance(act: Act): Promise<OpenWait | undefined> {
    const record = this.#records.get(act.id)
    if (record?.state === 'done') return undefined
    if (record?.state === 'failed') {
      if (this.#script.isTolerant) return undefined
      throw new ActFailed(`${act.id}: ${record.error?.message}`.slice(0, 200))
    }
    const now = this.#owner.instance.world.clock.now()
    switch (act.kind) {
      case 'step':
        return this.#step(act, record)
      case 'sleep':
        return record?.wait ?? { kind: 'sleep', id: act.id, until: now + act.seconds * 1_000 }
      case 'signal': {
        const until = act.timeoutSeconds === undefined ? {} : { until: now + act.timeoutSeconds * 1_000 }
        return record?.wait ?? { kind: 'signal', id: act.id, name: act.name, ...until }
      }
      case 'call':
        if (record === undefined) await this.#make(act)
        return { kind: 'wait', id: act.id, of: [{ step: act.id }], onFailure: act.onFailure }
      case 'create':
        await this.#make(act)
        return undefined
      case 'wait': {
        const { id, step, indexes, onFailure } = act
        const part = indexes === undefined ? { step } : { step, indexes: [...indexes] }
        return record?.wait ?? { kind: 'wait', id, of: [part], onFailure }
      }
      default:
        return act satisfies never
    }
  }

  async #step({ id, badTries, badEras, hasInput }: StepAct, record?: StepRecord): Promise<OpenWait | undefined> {
    const { random } = this.#owner.instance.simulation
    const clock = this.#owner.instance.world.clock
    const open = record?.wait?.kind === 'step' ? record.wait : undefined
    if (open?.until !== undefined && open.until > clock.now()) return open
    let input = open?.input
    if (hasInput && input === undefined) {
      await this.#report({ kind: 'open', wait: { kind: 'step', id, input: { of: this.#owner.run } } })
      const told = this.#records.get(id)
      if (told?.state !== 'open') return this.#advance({ kind: 'step', id, badTries, badEras, hasInput })
      input = told.wait?.kind === 'step' ? told.wait.input : undefined
    }
    const startedAt = clock.now()
    await this.#work(random.pick([0, 100, 2_000, 30_000]), () => this.#speech.failsUnfenced(id))
    const endedAt = clock.now()
    const tries = (open?.tries ?? 0) + 1
    const error = { code: 'broken', message: this.#owner.run, retryable: tries <= badTries }
    if (error.retryable) {
      const frozen = input === undefined ? {} : { input }
      return { kind: 'step', id, tries, until: endedAt + random.pick(pauseMs), error, ...frozen }
    }
    if (this.#era < badEras) {
      await this.#report({ kind: 'failed', id, error, startedAt, endedAt })
    } else await this.#report({ kind: 'done', id, output: { by: this.#owner.run }, startedAt, endedAt })
    return this.#advance({ kind: 'step', id, badTries, badEras, hasInput })
  }

  async #make(act: SubTaskAct): Promise<void> {
    this.#hasChildren = true
    const { kind, id, tasks: plans } = act
    const change = this.#script.isChangedByRetry ? this.#era : 0
    const tasks = plans.map((plan) => subTaskOf(plan, change))
    const policy = act.kind === 'call' ? { onFailure: act.onFailure } : {}
    const portion = this.#owner.instance.simulation.random.pick([2, 10])
    for (let from = 0; from < tasks.length; from += portion) {
      const some = tasks.slice(from, from + portion)
      await this.#report({ kind, id, count: tasks.length, from, tasks: some, ...policy })
    }
  }

  async #work(ms: number, onLost: () => Promise<void>): Promise<void> {
    const state = await this.#owner.work(ms)
    if (state === 'lost') await onLost()
    if (state === 'lost') throw new Over()
    if (state === 'cancel') await this.#stop()
  }

  async #report(...reports: readonly StepReport[]): Promise<void> {
    const answer = await this.#speech.report(reports)
    if (answer === undefined || answer.outcome === 'lost') throw new Over()
    for (const record of answer.records ?? []) this.#learn(record)
    if (answer.outcome === 'refused') {
      this.#owner.instance.simulation.fail(`a step was refused: ${answer.message}`)
      throw new Over()
    }
  }

  async #suspend(waits: readonly OpenWait[]): Promise<void> {
    const answer = await this.#speech.suspend(waits)
    if (answer?.outcome === 'cancel') return this.#stop()
    if (answer?.outcome !== 'resolved') throw new Over()
    for (const record of answer.records ?? []) this.#learn(record)
  }

  #learn(record: StepRecord): void {
    const { ledger, cloud } = this.#owner.instance.simulation
    const standing = cloud.table.get(headKey(this.#owner.taskId))?.data as Head | undefined
    ledger.told(this.#owner.head, record, standing?.run?.id === this.#owner.run)
    this.#records.set(record.id, record)
  }

  async #stop(): Promise<never> {
    if (this.#script.undoes) await this.#undo()
    await this.#end({ kind: 'stop' })
    throw new Over()
  }

  async #undo(): Promise<void> {
    const { clock } = this.#owner.instance.world
    const startedAt = clock.now()
    if ((await this.#owner.work(1_000)) === 'lost') throw new Over()
    const output = { by: this.#owner.run }
    await this.#report({ kind: 'done', id: 'undo', output, startedAt, endedAt: clock.now() })
    this.#owner.instance.simulation.note('undone')
  }

  #end(end: RunEnd): Promise<void> {
    return this.#owner.end(this.#hasChildren && end.kind !== 'hand-back' ? { ...end, children: true } : end)
  }
}

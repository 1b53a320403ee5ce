import type { OnFailure, OpenWait } from '#core/contract/steps'
import { isTerminal } from '#core/contract/task'
import { type Children, childId } from '#core/flow/children'
import { isOpenDependent } from '#core/flow/dependency-items'
import { isKeptByParent } from '#core/flow/flow-of'
import type { Signal } from '#core/flow/signals'
import type { Head } from '#core/head'
import { childrenPrefix, headKey, signalPrefix } from '#core/keys'
import { headOf } from '#core/layout'
import type { Simulation } from '../simulation.ts'

/**
 * What must follow soon, in calm weather: a wait that is over wakes, an end reaches the sub tasks, a dependent is
 * released. The clock's looks would repair most of it some day, so nothing but a delay would show.
 */

const lookEveryMs = 30_000
const lateAfterMs = 200_000
const settleMs = 60_000
const lagMostMs = 20_000
const skewMs = 2_000

export class LateChecks {
  readonly #simulation: Simulation
  #lookedMs = 0
  #calmSinceMs: number | undefined
  #since = new Map<string, number>()
  /** Due to something that happened in the storm, on both sides: the clock repairs it, some time. */
  #fromStorm: ReadonlySet<string> | undefined

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  breach(): string | undefined {
    const { schedule, isStormy } = this.#simulation
    if (isStormy || schedule.nowMs - this.#lookedMs < lookEveryMs) return undefined
    this.#lookedMs = schedule.nowMs
    this.#calmSinceMs ??= schedule.nowMs
    const isSettled = schedule.nowMs - this.#calmSinceMs > settleMs && this.#simulation.feedLagMs() < lagMostMs
    const late = new Set(this.#late())
    if (!isSettled) {
      this.#since.clear()
      return undefined
    }
    this.#fromStorm ??= new Set([...late].filter((what) => what.endsWith('nobody wakes it')))
    const before = this.#since
    this.#since = new Map()
    for (const what of late) {
      if (this.#fromStorm.has(what)) continue
      const sinceMs = before.get(what) ?? schedule.nowMs
      this.#since.set(what, sinceMs)
      if (schedule.nowMs - sinceMs > lateAfterMs) return what
    }
    return undefined
  }

  *#late(): Generator<string> {
    for (const head of this.#simulation.heads()) {
      const what = this.#lateOf(head)
      if (what !== undefined)
        yield `task ${head.id.slice(-4)} v${head.status === 'suspended' ? head.runCount : ''}: ${what}`
    }
  }

  #lateOf(head: Head): string | undefined {
    const { ledger } = this.#simulation
    if (head.flow?.owes === true) return 'it ended, and its sub tasks are not told'
    if (head.status === 'suspended') {
      const over = ledger.waitsOf(head.id).find((wait) => this.#isOver(head, wait))
      if (over !== undefined) return `${over.id} is over, and nobody wakes it`
    }
    if (isOpenDependent(head)) {
      const on = ledger.dependencies.get(head.id) ?? []
      const isOver = on.every((id) => this.#headOf(id) === undefined || ledger.hasEverEnded(id))
      if (isOver && on.every((id) => isTerminal(this.#headOf(id)?.status ?? 'failed')))
        return 'its dependencies have ended, and it waits'
    }
    return this.#lateOfSubTask(head)
  }

  #lateOfSubTask({ id, status, flow, cancel }: Head): string | undefined {
    if (flow?.parent === undefined) return undefined
    const parent = this.#headOf(flow.parent.id)
    const hasEnded = parent === undefined || parent.born !== flow.parent.born || isTerminal(parent.status)
    if (hasEnded && flow.parent.isOver !== true) {
      // One that somebody above may still begin anew keeps what has ended, and ends what has not.
      const isKept = parent?.born === flow.parent.born && isKeptByParent(parent)
      if (!isKept) return 'its parent ended, and it is not told'
      const goesOn = !isTerminal(status) && flow.parent.onEnd === 'cancel' && cancel === undefined
      const isByHand = this.#simulation.ledger.retriedMs(id) > (parent.stoppedAt ?? 0) - skewMs
      if (goesOn && !isByHand) return 'its parent ended, and it goes on'
    }
    const mayBeGone = !hasEnded && flow.parent.isOver === true && status === 'succeeded'
    return mayBeGone ? 'its parent goes on, and it may be removed' : undefined
  }

  #isOver(head: Head, wait: OpenWait): boolean {
    const { cloud } = this.#simulation
    switch (wait.kind) {
      case 'sleep':
        return wait.until <= cloud.nowMs()
      case 'step':
        return wait.until !== undefined && wait.until <= cloud.nowMs()
      case 'signal': {
        const prefix = `${signalPrefix(head.born)}${wait.name}#`
        const { items } = cloud.table.list({ pk: `T#${head.id}`, prefix, limit: 1_000 })
        const mayTake = ({ consumedBy }: Signal) => consumedBy === undefined || consumedBy === wait.id
        if (items.some(({ data }) => mayTake(data as Signal))) return true
        return wait.until !== undefined && wait.until <= cloud.nowMs()
      }
      case 'wait':
        return wait.of.every(({ step, indexes }) => this.#areOver(head, { step, indexes, onFailure: wait.onFailure }))
      default:
        return wait satisfies never
    }
  }

  #areOver(head: Head, of: { step: string; indexes?: readonly number[] | undefined; onFailure: OnFailure }): boolean {
    const { cloud, ledger } = this.#simulation
    const prefix = `${childrenPrefix(head.born)}${of.step}#`
    const markers = cloud.table
      .list({ pk: `T#${head.id}`, prefix, limit: 100 })
      .items.map(({ data }) => data as Children)
    const children = markers.sort((a, b) => b.era - a.era)[0]
    if (children === undefined) return false
    const places = of.indexes ?? Array.from({ length: children.count }, (_, index) => index)
    const world = { ids: this.#simulation.ids } as never
    const ends = places.map((index) => ledger.endsOf(childId(world, head, children, index), children.era))
    if (of.onFailure === 'fail' && ends.some((end) => end?.hasFailed === true)) return true
    if (of.onFailure === 'first-success' && ends.some((end) => end?.hasSucceeded === true)) return true
    return ends.every((end) => end !== undefined)
  }

  #headOf(id: string): Head | undefined {
    const item = this.#simulation.cloud.table.get(headKey(id))
    if (item === undefined || (item.expiresAt ?? Number.POSITIVE_INFINITY) <= this.#simulation.cloud.nowMs())
      return undefined
    return headOf(item)
  }
}

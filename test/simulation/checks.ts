import { spans } from '#core/contract/limits'
import { isTerminal } from '#core/contract/task'
import { isOpenDependent } from '#core/flow/dependency-items'
import { isKeptByParent } from '#core/flow/flow-of'
import type { Head } from '#core/head'
import { clockStateKey, headSk, outcomeKey, rowSk } from '#core/keys'
import { headOf, type Outcome } from '#core/layout'
import { leaseMarginMs } from '#core/lease'
import type { Bell, Change } from '#core/ports'
import { command, type Simulation, worker } from './simulation.ts'

/** What must hold after every step, whatever has happened. Each breach is one sentence. */

export function breachOf(simulation: Simulation): string | undefined {
  const bells = bellsByTask(simulation)
  for (const head of simulation.heads()) {
    const breach = shapeBreach(head) ?? guardBreach(simulation, head, bells.get(head.id) ?? [])
    if (breach !== undefined) return `task ${head.id.slice(-4)} v${head.n} ${head.status}: ${breach}`
  }
  for (const id of simulation.accepted) {
    if (!simulation.hasHead(id) && !simulation.removed.has(id)) return `accepted task ${id.slice(-4)} is lost`
  }
  return undefined
}

function bellsByTask({ cloud }: Simulation): ReadonlyMap<string, readonly Bell[]> {
  const bells = new Map<string, Bell[]>()
  for (const bell of cloud.queue.all(worker)) bells.set(bell.taskId, [...(bells.get(bell.taskId) ?? []), bell])
  return bells
}

/** Invariant L4, and that a running head names its run. */
function shapeBreach(head: Head): string | undefined {
  if ((head.status === 'running') !== (head.run !== undefined)) return 'a run exactly while it is running'
  if (!isTerminal(head.status)) return head.expiresAt === undefined ? undefined : 'open, and yet it expires'
  if (head.cancel !== undefined) return 'ended, and yet a cancel is pending'
  const owes = head.flow?.owes === true
  if (owes !== (head.due !== undefined)) return owes ? 'it owes, and nothing is due' : 'ended, and yet it is due'
  const isKept = owes || isKeptByParent(head)
  if (isKept) return head.expiresAt === undefined ? undefined : 'somebody may need it, and yet it expires'
  return head.expiresAt === undefined ? 'ended without an end of its retention' : undefined
}

/** Protocol rule 1. A bell ahead of its head guards nothing: it dies if its write never comes. */
function guardBreach(simulation: Simulation, head: Head, bells: readonly Bell[]): string | undefined {
  if (isTerminal(head.status)) return undefined
  const now = simulation.cloud.nowMs()
  const { run, due } = head
  const isRenewed = run?.renewed === true
  if (head.status === 'suspended' || isOpenDependent(head)) return lookBreach(head, now)
  if (head.status === 'waiting' || isRenewed) {
    if (due === undefined) return 'nothing is due and no bell is its guard'
    const latest = isRenewed
      ? latestLook(simulation, head, run.leaseUntil)
      : Math.max(head.startAfter ?? 0, head.retryAfter ?? 0)
    return due <= Math.max(latest, now + 61_000) ? undefined : `its due is ${due - latest} ms too late`
  }
  if (due !== undefined) return undefined
  if (bells.some((bell) => bell.born !== head.born || bell.n <= head.n)) return undefined
  return isPurgedAndToBeAudited(simulation, head) ? undefined : 'it has neither bell nor due'
}

/** What hangs on others is looked at within a day, and a sleep a minute after its end at the latest (protocol 1, 25). */
function lookBreach({ due, flow }: Head, now: number): string | undefined {
  if (due === undefined) return 'it waits for others, and nothing is due'
  const { wakeAt, isHinted } = flow?.suspension ?? { isHinted: true }
  const recheck = isHinted === true ? now + spans.recheckMostMs : Number.POSITIVE_INFINITY
  const wake = wakeAt === undefined ? Number.POSITIVE_INFINITY : Math.max(now, wakeAt) + spans.wakeGuardMs
  const latest = Math.min(recheck, wake)
  return due <= latest + 2_000 ? undefined : `its due is ${due - latest} ms too late`
}

/** A crash of a renewed run is seen after at most three leases; a clock that was blind adds its grace. */
function latestLook(simulation: Simulation, head: Head, leaseUntil: number): number {
  const leaseMs = head.leaseSeconds * 1_000
  return Math.max(leaseUntil, simulation.seesSince() + leaseMs) + 2 * leaseMs + leaseMarginMs(head.leaseSeconds)
}

/** What only human hands lose is found by the audit, once, when the task is an hour old (protocol 11). */
function isPurgedAndToBeAudited({ cloud, purgedAt }: Simulation, head: Head): boolean {
  if (purgedAt === undefined) return false
  const state = cloud.table.get(clockStateKey(`AUDIT#${command}`))
  const after = (state?.data as { readonly after: string } | undefined)?.after
  // Two leases and a margin after the audit passed by, its own write must have been made.
  return after === undefined || after <= rowSk(head.createdAt, head.id) || cloud.nowMs() - head.createdAt < 3_900_000
}

/** What each change of a head must keep: ends name their run's own result, and owners follow one another. */
export function changeBreach(simulation: Simulation, change: Change): string | undefined {
  if (change.sk !== headSk || change.after === undefined || !change.pk.startsWith('T#')) return undefined
  const after = headOf(change.after)
  const before = change.before === undefined ? undefined : headOf(change.before)
  // What is past its retention counts as gone: a new life may take its place (protocol 30).
  if (before !== undefined && after.born !== before.born && isPast(simulation, before)) return undefined
  if (before !== undefined && (after.born !== before.born || after.n <= before.n)) {
    return `task ${after.id.slice(-4)}: v${before.n} was overwritten by v${after.n}`
  }
  if (
    before !== undefined &&
    isTerminal(before.status) &&
    !isTerminal(after.status) &&
    after.history.at(-1)?.[1] !== 'retried'
  ) {
    return `task ${after.id.slice(-4)} went on from ${before.status} without a retry`
  }
  return endBreach(simulation, before, after) ?? ownerBreach(simulation, before, after)
}

function isPast({ cloud }: Simulation, { expiresAt }: Head): boolean {
  return expiresAt !== undefined && expiresAt <= cloud.nowMs() + 1_000
}

function endBreach(simulation: Simulation, before: Head | undefined, after: Head): string | undefined {
  if (after.status !== 'succeeded' || before?.status === 'succeeded') return undefined
  const owner = before?.run?.id
  if (after.outcomeApart !== undefined && after.outcomeApart !== owner) return "a head names another run's outcome"
  const item = after.outcomeApart && simulation.cloud.table.get(outcomeKey(after.id, after.born, after.outcomeApart))
  const outcome = item ? (item.data as Outcome) : after
  const output = outcome.result?.output as { readonly run: string } | undefined
  return output?.run === owner
    ? undefined
    : `task ${after.id.slice(-4)}: run ${owner} ended with the result of ${output?.run}`
}

/** Protocol 26: nothing starts before what it depends on has ended, as it was to. */
function dependencyBreach({ ledger, removed }: Simulation, { id, flow }: Head): string | undefined {
  const isFailing = flow?.dependencies?.onFailure === 'fail'
  for (const dependency of ledger.dependencies.get(id) ?? []) {
    const hasEnded = ledger.hasEverEnded(dependency) || removed.has(dependency)
    if (!hasEnded) return `task ${id.slice(-4)} starts before ${dependency.slice(-4)} has ended`
    if (isFailing && !ledger.hasEverSucceeded(dependency))
      return `task ${id.slice(-4)} starts although ${dependency.slice(-4)} failed`
  }
  return undefined
}

/** A run may follow another only when that one has ended, or its honest owner has stopped by its own clock. */
function ownerBreach(simulation: Simulation, before: Head | undefined, after: Head): string | undefined {
  const run = after.run
  const crashed = before?.run !== undefined && after.crashCount > before.crashCount ? before.run.instance : undefined
  if (crashed !== undefined && simulation.wasFine(crashed))
    return `${crashed} never failed, and its run counts as a crash`
  if (run === undefined || run.id === before?.run?.id) return undefined
  const tooEarly = dependencyBreach(simulation, after)
  if (tooEarly !== undefined) return tooEarly
  if (simulation.hasEnded(run.id)) return `task ${after.id.slice(-4)} belongs again to run ${run.id}, which had lost it`
  for (const { process, owners, isHonest } of simulation.instances) {
    const canAct = process.alive && process.stalledUntilMs <= simulation.schedule.nowMs
    if (!canAct || !isHonest) continue
    for (const owner of owners) {
      const other = owner.taskId === after.id && owner.run !== run.id && owner.believes()
      if (other && !simulation.hasEnded(owner.run))
        return `task ${after.id.slice(-4)}: ${run.instance} claims what ${process.name} still owns`
    }
  }
  return undefined
}

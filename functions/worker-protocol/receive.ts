import type { z } from 'zod'
import type { Grant, Receive, Received } from '#core/contract/worker-protocol'
import type { Head } from '#core/head'
import { bellHoldMs } from '#core/lease'
import type { ReceivedBell } from '#core/ports'
import { type ClaimOutcome, claim } from '#core/tasks/claim'
import { toTask } from '#core/wire'
import { type Fleet, readFleet, workerLeaseSeconds } from '#core/workers/fleet'
import type { World } from '#core/world'
import { releaseRuns } from './move-runs.ts'
import type { Session } from './session.ts'

/** After two crashes a task runs alone, so that it cannot take its neighbours with it again (protocol 18). */
const crashesAlone = 2
const hideForAloneMs = 1_000
/** After so long a wait the fleet is looked at again: the worker may have been paused in the meantime. */
const fleetFreshMs = 100

type ReceiveBody = z.infer<typeof Receive>

/**
 * Receive and claim in one call: bells into free slots only, each claimed by one conditional write. Waits up to the
 * asked time for the first one; what cannot be claimed is hidden or dropped as the head says.
 */
export async function receiveGrants(
  world: World,
  session: Session,
  fleet: Fleet,
  body: ReceiveBody & { readonly signal: AbortSignal },
): Promise<z.infer<typeof Received>> {
  const untilMs = world.clock.monotonicMs() + body.waitSeconds * 1_000
  for (;;) {
    const leftMs = untilMs - world.clock.monotonicMs()
    const grants = await receiveOnce(world, session, fleet, { ...body, leftMs })
    if (grants === undefined || body.signal.aborted) return { grants: grants ?? [] }
    if (grants.length > 0 || leftMs <= 0) return { grants }
  }
}

interface OnceAsk extends ReceiveBody {
  readonly leftMs: number
  readonly signal: AbortSignal
}

/** Undefined: nothing may be taken any more, and what had come is where it was. */
async function receiveOnce(world: World, session: Session, fleet: Fleet, ask: OnceAsk): Promise<Grant[] | undefined> {
  if (session.waitsAlone && session.runs.size > 0) {
    await world.clock.wait(Math.min(Math.max(0, ask.leftMs), hideForAloneMs), ask.signal).catch(() => undefined)
    return []
  }
  const { worker } = session
  const holdMs = bellHoldMs(workerLeaseSeconds(fleet))
  const asked = { worker, max: ask.slots, holdMs, waitMs: Math.max(0, ask.leftMs), signal: ask.signal }
  const askedAtMs = world.clock.monotonicMs()
  const received = await world.queue.receive(asked)
  if (received.length === 0) return []
  const isFresh = world.clock.monotonicMs() - askedAtMs < fleetFreshMs
  if (session.isOver || (!isFresh && (await isPaused(world, worker)))) {
    await Promise.all(received.map(({ receipt }) => world.queue.extend(worker, receipt, 0)))
    return undefined
  }
  const accepts = acceptsFor(session, fleet)
  const outcomes = await Promise.all(
    received.map((bell, index) =>
      claim(world, {
        received: bell,
        holdMs,
        instance: session.instance,
        run: `${session.instance}.${ask.nonce}.${index}`,
        accepts: accepts(received.length),
      }),
    ),
  )
  const grants: Grant[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const bell = received[index]
    if (bell === undefined) continue
    if (outcome.kind === 'run') grants.push(grantOf(session, bell, outcome))
    await settleBell(world, { worker, bell, outcome, holdMs })
  }
  if (session.isOver) return handBack(world, session, ask, grants)
  if (grants.length > 0) session.waitsAlone = grants.some((grant) => grant.alone === true)
  return grants
}

async function isPaused(world: World, worker: string): Promise<boolean> {
  const read = await readFleet(world, worker)
  return read?.fleet.paused !== undefined
}

/** Claimed while another registration took the session's place: the instance will never hear of these. */
async function handBack(world: World, session: Session, ask: OnceAsk, grants: readonly Grant[]): Promise<undefined> {
  const { worker, instance } = session
  const runs = grants.map(({ run, ticket, task }) => ({ run, ticket, taskId: task.id }))
  await releaseRuns(world, session, { worker, instance, nonce: ask.nonce, reason: 'the connection broke', runs })
}

/** Whether this instance may run a task: it hosts the command, and a task that must run alone has it to itself. */
function acceptsFor(session: Session, fleet: Fleet): (bells: number) => (head: Head) => boolean {
  const hosted = new Set(fleet.manifest.commands.map(({ name, version }) => `${name}@${version}`))
  return (bells) => (head) => {
    if (!hosted.has(`${head.command}@${head.version}`)) return false
    if (head.crashCount < crashesAlone) return true
    if (session.runs.size === 0 && bells === 1) return true
    session.waitsAlone = true
    return false
  }
}

function grantOf(session: Session, bell: ReceivedBell, outcome: Extract<ClaimOutcome, { kind: 'run' }>): Grant {
  const { head } = outcome
  const grant: Grant = {
    run: head.run?.id ?? '',
    ticket: bell.receipt,
    leaseSeconds: head.leaseSeconds,
    timeoutSeconds: head.timeoutSeconds,
    task: toTask(head, { arguments: outcome.arguments, isBrief: true }),
  }
  if (head.crashCount >= crashesAlone) grant.alone = true
  session.hold(grant)
  return grant
}

interface SettleAsk {
  readonly worker: string
  readonly bell: ReceivedBell
  readonly outcome: ClaimOutcome
  readonly holdMs: number
}

async function settleBell(world: World, { worker, bell, outcome, holdMs }: SettleAsk): Promise<void> {
  switch (outcome.kind) {
    case 'run':
      // A task with a lease of its own hides its bell for just that lease and margin.
      if (outcome.holdMs !== holdMs) await world.queue.extend(worker, bell.receipt, outcome.holdMs)
      return
    case 'hide':
      return world.queue.extend(worker, bell.receipt, outcome.ms)
    case 'drop':
      return world.queue.done(worker, bell.receipt)
    case 'leave':
      return
    default:
      return outcome satisfies never
  }
}

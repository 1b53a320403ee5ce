import type { z } from 'zod'
import { hostedBy } from '#core/contract/hosted'
import type { Json } from '#core/contract/names'
import type { Grant, Receive, Received } from '#core/contract/worker-protocol'
import { type Replay, readReplay } from '#core/flow/replay'
import { type Head, readyAt } from '#core/head'
import { bellHoldMs } from '#core/lease'
import type { ReceivedBell } from '#core/ports'
import { type ClaimOutcome, claim } from '#core/tasks/claim'
import { toTask } from '#core/wire'
import { type Fleet, hostedNow, readFleet, workerLeaseSeconds } from '#core/workers/fleet'
import type { World } from '#core/world'
import { releaseRuns } from './move-runs.ts'
import type { Session } from './session.ts'

/** After two crashes a task runs alone, so that it cannot take its neighbours with it again (protocol 18). */
const crashesAlone = 2
/** How often an instance that empties itself for such a task is looked at, and how long others of them wait for theirs. */
const lookForAloneMs = 1_000
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
    if (grants.length > 0 || (leftMs <= 0 && !session.isReadyForDrawn())) return { grants }
  }
}

interface OnceAsk extends ReceiveBody {
  readonly leftMs: number
  readonly signal: AbortSignal
}

/** Undefined: nothing may be taken any more, and what had come is where it was. */
async function receiveOnce(world: World, session: Session, fleet: Fleet, ask: OnceAsk): Promise<Grant[] | undefined> {
  const { worker } = session
  const holdMs = bellHoldMs(workerLeaseSeconds(fleet))
  if (session.isReadyForDrawn()) return claimDrawn(world, session, { fleet, ask, holdMs })
  if (session.isForOneAlone()) {
    if (session.alone?.kind === 'drawn') await world.queue.extend(worker, session.alone.bell.receipt, holdMs)
    if (ask.leftMs > 0) await world.clock.wait(Math.min(ask.leftMs, lookForAloneMs), ask.signal).catch(() => undefined)
    return []
  }
  const asked = { worker, max: ask.slots, holdMs, waitMs: Math.max(0, ask.leftMs), signal: ask.signal }
  const askedAtMs = world.clock.monotonicMs()
  const received = await world.queue.receive(asked)
  if (received.length === 0) return []
  const isFresh = world.clock.monotonicMs() - askedAtMs < fleetFreshMs
  const isEnd = session.isOver || (!isFresh && (await takesNothing(world, session)))
  if (isEnd || session.isForOneAlone()) {
    await Promise.all(received.map(({ receipt }) => world.queue.extend(worker, receipt, 0)))
    return isEnd ? undefined : []
  }
  return claimAll(world, session, { fleet, ask, holdMs, received, isAlone: false })
}

interface ClaimAsk {
  readonly fleet: Fleet
  readonly ask: OnceAsk
  readonly holdMs: number
}

/** The instance is empty, so the task that was drawn for it alone is claimed; nothing else is until it has ended. */
async function claimDrawn(world: World, session: Session, claimAsk: ClaimAsk): Promise<Grant[] | undefined> {
  const drawn = session.alone?.kind === 'drawn' ? session.alone.bell : undefined
  if (drawn === undefined) return []
  session.alone = { kind: 'claiming' }
  let run: string | undefined
  try {
    await world.queue.extend(session.worker, drawn.receipt, claimAsk.holdMs)
    const received = [{ ...drawn, heldUntilMs: world.clock.monotonicMs() + claimAsk.holdMs }]
    const grants = await claimAll(world, session, { ...claimAsk, received, isAlone: true })
    run = grants?.[0]?.run
    return grants
  } finally {
    session.alone = run === undefined ? undefined : { kind: 'running', run }
  }
}

async function claimAll(
  world: World,
  session: Session,
  claimAsk: ClaimAsk & { readonly received: readonly ReceivedBell[]; readonly isAlone: boolean },
): Promise<Grant[] | undefined> {
  const { fleet, ask, holdMs, received, isAlone } = claimAsk
  const { worker, instance } = session
  const mustBeAlone = new Set<string>()
  const accepts = acceptsFor(fleet, { isAlone, mustBeAlone, now: world.clock.now() })
  const outcomes = await Promise.all(
    received.map((bell, index) =>
      claim(world, { received: bell, holdMs, instance, run: `${instance}.${ask.nonce}.${index}`, accepts }),
    ),
  )
  const replays = await Promise.all(
    outcomes.map((outcome) => (outcome.kind === 'run' ? readReplay(world, outcome.head) : {})),
  )
  const grants: Grant[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const bell = received[index]
    if (bell === undefined) continue
    if (outcome.kind === 'run') {
      grants.push(grantFor(session, { ...outcome, ticket: bell.receipt, replay: replays[index] }))
    }
    if (outcome.kind === 'hide' && mustBeAlone.has(bell.bell.taskId)) await drawOrHide(world, session, bell)
    else await settleBell(world, { worker, bell, outcome, holdMs })
  }
  if (session.isOver) return handBack(world, session, ask, grants)
  return grants
}

/** The first that must run alone is kept for when the instance is empty; others come again soon, here or elsewhere. */
async function drawOrHide(world: World, session: Session, bell: ReceivedBell): Promise<void> {
  if (!session.isOver && !session.isForOneAlone()) session.alone = { kind: 'drawn', bell }
  else await world.queue.extend(session.worker, bell.receipt, lookForAloneMs)
}

/** While it waited its worker may have been paused or removed, or another generation taken its place. */
async function takesNothing(world: World, { worker, generation }: Session): Promise<boolean> {
  const fleet = (await readFleet(world, worker))?.fleet
  if (fleet?.paused !== undefined || fleet?.removed !== undefined) return true
  return (fleet?.current ?? generation) !== generation
}

/** Claimed while another registration took the session's place: the instance will never hear of these. */
async function handBack(world: World, session: Session, ask: OnceAsk, grants: readonly Grant[]): Promise<undefined> {
  const { worker, instance } = session
  const runs = grants.map(({ run, ticket, task }) => ({ run, ticket, taskId: task.id }))
  await releaseRuns(world, session, { worker, instance, nonce: ask.nonce, reason: 'the connection broke', runs })
}

interface Room {
  /** The instance is empty and takes this one task. */
  readonly isAlone: boolean
  /** Gathers the tasks that were refused only since they need an instance to themselves. */
  readonly mustBeAlone: Set<string>
  readonly now: number
}

/** Whether this instance may run a task: it hosts the command, and a task that must run alone has it to itself. */
function acceptsFor(fleet: Fleet, { isAlone, mustBeAlone, now }: Room): (head: Head) => boolean {
  const hosts = hostedBy(hostedNow(fleet))
  return (head) => {
    if (!hosts(head.command, head.version)) return false
    if (isAlone || head.crashCount < crashesAlone || readyAt(head) > now) return true
    mustBeAlone.add(head.id)
    return false
  }
}

export interface Claimed {
  readonly head: Head
  readonly ticket: string
  readonly arguments: Json | undefined
  readonly replay?: Replay | undefined
}

export function grantFor(session: Session, { head, ticket, arguments: args, replay }: Claimed): Grant {
  const grant: Grant = {
    run: head.run?.id ?? '',
    ticket,
    leaseSeconds: head.leaseSeconds,
    timeoutSeconds: head.timeoutSeconds,
    task: toTask(head, { arguments: args, isBrief: true }),
    ...replay,
  }
  if (head.crashCount >= crashesAlone) grant.alone = true
  if (head.flow?.runsOnCancel === true && head.runCount > 1) {
    grant.undo = head.cancel === undefined ? 'if-canceled' : 'canceled'
  }
  session.hold(grant, head)
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

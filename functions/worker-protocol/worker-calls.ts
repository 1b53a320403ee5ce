import type { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import { workerId } from '#core/contract/worker-id'
import type * as protocol from '#core/contract/worker-protocol'
import type { WorkerProtocolOp } from '#core/contract/worker-protocol'
import { loseRun } from '#core/tasks/renew'
import { type Fleet, instanceSilentMs, liveInstances, readFleet, readInstances } from '#core/workers/fleet'
import { deleteInstance, instanceStopped, registerInstance } from '#core/workers/instances'
import type { PutWorkerAsk } from '#core/workers/put-worker'
import type { World } from '#core/world'
import { type CheckSubTasks, readOutputs, suspendRuns, tellSteps } from './flow-calls.ts'
import { completeRuns, releaseRuns, renewRuns, takeBack } from './move-runs.ts'
import { receiveGrants } from './receive.ts'
import { Session } from './session.ts'
import { grantedBefore, keepGrants, restoreSession } from './shared-sessions.ts'
import { tellBeside, tellSlots } from './tell-slots.ts'

const sessionsMost = 1_000
/** Where somebody pays for each second of an open receive. */
const sharedWaitSeconds = 5
/** An instance of a paused worker asks again after so long. */
const pausedLookMs = 1_000

type Body<Op extends WorkerProtocolOp> = z.infer<(typeof protocol.workerProtocol)[Op]['request']>
type Answer<Op extends WorkerProtocolOp> = z.infer<(typeof protocol.workerProtocol)[Op]['answer']>

interface OfInstance {
  readonly instance: string
  readonly worker: string
}

interface Registration {
  readonly nonce: string
  readonly answer: Promise<Answer<'register'>>
}

export interface WorkerCalls {
  /** `body` has been parsed by the contract of its op. `signal`: the caller is gone, and can be given no work any more. */
  readonly call: (op: WorkerProtocolOp, body: unknown, principal: string, signal?: AbortSignal) => Promise<unknown>
  /** The instance's process is known to be dead: its runs are lost now, not when their leases end. */
  readonly instanceDied: (ask: { launch?: string; instance?: string; worker: string; why: string }) => Promise<void>
  readonly sessions: () => Iterable<Session>
  readonly sessionOf: (instance: string) => Session | undefined
}

/** Checks a manifest and registers its worker. The door's own way, so that what an instance brings is held to the same. */
export type RegisterWorker = (ask: PutWorkerAsk) => Promise<Fleet>

export interface WorkerCallsOptions {
  /** Other processes serve the same instances (functions of an account), and pay for each second of it. */
  readonly isShared?: boolean
  /** Without it no run can make sub tasks. */
  readonly checkSubTasks?: CheckSubTasks
}

const noDoor: CheckSubTasks = () => Promise.reject(new ApiError('conflict', 'no sub tasks can be made here'))

/** The hub's side of the worker protocol (core/contract/worker-protocol.ts). */
export function createWorkerCalls(
  world: World,
  registerWorker: RegisterWorker,
  { isShared = false, checkSubTasks = noDoor }: WorkerCallsOptions = {},
): WorkerCalls {
  const flowCalls = { world, checkSubTasks }
  const sessions = new Map<string, Session>()
  const registrations = new Map<string, Registration>()
  /** Launches that said they were gone and whose processes have yet to end: no failed starts. */
  const goodbyes = new Set<string>()

  /** The repeat of a registration must not take back what was granted since the first (protocol 4). */
  function registerOnce(body: Body<'register'>, principal: string): Promise<Answer<'register'>> {
    const last = registrations.get(body.instance)
    if (last?.nonce === body.nonce) return last.answer
    const registration = { nonce: body.nonce, answer: register(body, principal) }
    registrations.set(body.instance, registration)
    registration.answer.catch(() => {
      if (registrations.get(body.instance) === registration) registrations.delete(body.instance)
    })
    return registration.answer
  }

  async function register(body: Body<'register'>, principal: string): Promise<Answer<'register'>> {
    if (!sessions.has(body.instance)) makeRoom()
    if (body.manifest !== undefined) await registerManifest(body, principal)
    const fleet = await fleetOf(world, body.worker)
    const generation = body.generation ?? fleet.wanted
    const standing = sessions.get(body.instance)
    const startedAt = standing?.startedAt ?? world.clock.now()
    const session = new Session({ ...body, launch: body.launch, pid: body.pid, generation, startedAt, isShared })
    session.calledAtMs = world.clock.monotonicMs()
    standing?.end()
    sessions.set(body.instance, session)
    await takeBack(world, standing, body)
    for (const { run, taskId } of body.runs) {
      session.runs.set(run, standing?.runs.get(run) ?? { taskId, ticket: undefined })
    }
    const { worker, instance, concurrency, launch, pid } = session
    await registerInstance(world, { worker, instance, generation, concurrency, launch, pid })
    return { generation, paused: fleet.paused !== undefined, idleSeconds: fleet.manifest.idleSeconds }
  }

  /** An instance started by hand brings its manifest; it never changes how the hub starts others. */
  async function registerManifest({ manifest, worker }: Body<'register'>, principal: string): Promise<void> {
    if (manifest === undefined) return
    const described = workerId(manifest)
    if (described !== worker) throw new ApiError('invalid', `the manifest is of ${described}, not of ${worker}`)
    const standing = await readFleet(world, worker)
    await registerWorker({ manifest, launch: standing?.fleet.launch, by: principal })
  }

  async function receiveShared(
    session: Session,
    body: Body<'receive'>,
    signal?: AbortSignal,
  ): Promise<Answer<'receive'>> {
    const before = await grantedBefore(world, session, body.nonce)
    if (before !== undefined) return before
    const waitSeconds = Math.min(body.waitSeconds, sharedWaitSeconds)
    const received = await receive(session, { ...body, waitSeconds }, signal)
    await keepGrants(world, session, body.nonce, received)
    return received
  }

  async function receive(session: Session, body: Body<'receive'>, signal?: AbortSignal): Promise<Answer<'receive'>> {
    // Open from its first moment, so that whatever ends receives ends this one too.
    const open = new AbortController()
    session.receives.add(open)
    const end = () => open.abort()
    signal?.addEventListener('abort', end)
    if (signal?.aborted === true) end()
    try {
      const received = await receiveWhile(open.signal, session, body)
      if (received.grants.length > 0) await tellTaken(session, received.grants.length)
      return received
    } finally {
      session.receives.delete(open)
      signal?.removeEventListener('abort', end)
    }
  }

  async function receiveWhile(
    signal: AbortSignal,
    session: Session,
    body: Body<'receive'>,
  ): Promise<Answer<'receive'>> {
    const fleet = await fleetOf(world, session.worker)
    session.tellFree(body.freeSlots ?? body.slots)
    await tellSlots(world, session)
    if (fleet.removed !== undefined) return { grants: [], drain: true }
    if (fleet.current !== undefined && fleet.current !== session.generation) return { grants: [], drain: true }
    if (fleet.paused !== undefined) {
      // A paused worker's bells stay untouched; the instance asks again.
      await world.clock.wait(Math.min(body.waitSeconds * 1_000, pausedLookMs), signal).catch(() => undefined)
      return { grants: [] }
    }
    return receiveGrants(world, session, fleet, { ...body, signal })
  }

  /**
   * One that is full asks for nothing more, so nobody else would tell. One whose last receive found work does not
   * leave: it counts again, or the scaler would start one too many.
   */
  async function tellTaken(session: Session, grants: number): Promise<void> {
    const isBack = session.phase === 'leaving'
    session.phase = 'live'
    session.freeSlots = Math.max(0, session.freeSlots - grants)
    await tellBeside(world, session, isBack)
  }

  /** A full instance is known to be there by what it says of its runs. */
  async function heard<Answers>(session: Session, answers: Promise<Answers>): Promise<{ readonly runs: Answers }> {
    const runs = await answers
    await tellBeside(world, session)
    return { runs }
  }

  async function leave(session: Session, body: Body<'leave'>): Promise<Answer<'leave'>> {
    if (body.phase === 'leaving') {
      // Those open from before would hold it for as long as they wait; its last one comes after this.
      session.endReceives()
      await refuseIfKept(session)
      if (body.idle === true && session.hasGrantOnItsWay())
        throw new ApiError('conflict', 'work is on its way to this instance')
      session.phase = 'leaving'
      await tellSlots(world, session, true)
      await refuseIfKept(session)
      return {}
    }
    forget(session)
    if (session.launch !== undefined) noteSaidGoodbye(session.launch)
    await takeBack(world, session, { ...body, runs: [] })
    await deleteInstance(world, session.worker, session.instance)
    return {}
  }

  /** Nothing is held for it here. It may be the repeat of a leave whose answer was lost. */
  async function leaveUnknown({ phase, worker, instance }: Body<'leave'>): Promise<Answer<'leave'>> {
    if (phase === 'gone') await deleteInstance(world, worker, instance)
    return {}
  }

  /** Who was silent for so long is dead or can register again: either way its place is free. */
  function makeRoom(): void {
    if (sessions.size < sessionsMost) return
    const silentSinceMs = world.clock.monotonicMs() - instanceSilentMs
    for (const session of sessions.values()) if (session.calledAtMs < silentSinceMs) forget(session)
    if (sessions.size >= sessionsMost)
      throw new ApiError('too-many', `${sessionsMost} instances are registered (limit sessionsMost)`)
  }

  /** Asked before it says that it goes, and after: another may have said so at the same moment (protocol 2). */
  async function refuseIfKept(session: Session): Promise<void> {
    if (!session.isEmpty() || !(await isKept(session))) return
    if (session.phase === 'leaving') {
      session.phase = 'live'
      await tellSlots(world, session, true)
    }
    throw new ApiError('conflict', `${session.worker} keeps this instance: it has no more than its least number`)
  }

  /** Whether the worker would have fewer instances than its least number without this idle one. */
  async function isKept({ worker, generation, instance }: Session): Promise<boolean> {
    const fleet = await fleetOf(world, worker)
    const { manifest, current, paused, removed } = fleet
    if (removed !== undefined || paused !== undefined) return false
    if (manifest.scaling.min === 0 || current !== generation) return false
    const live = liveInstances(fleet, await readInstances(world, worker), world.clock.now())
    const others = live.filter(({ id, asksToGo }) => id !== instance && asksToGo !== true)
    return others.length < manifest.scaling.min
  }

  function noteSaidGoodbye(launch: string): void {
    goodbyes.add(launch)
    for (const oldest of goodbyes) {
      if (goodbyes.size <= sessionsMost) break
      goodbyes.delete(oldest)
    }
  }

  function forget(session: Session): void {
    session.end()
    sessions.delete(session.instance)
    registrations.delete(session.instance)
  }

  /** Undefined: it is not known, here or anywhere. */
  async function sessionFor(body: OfInstance): Promise<Session | undefined> {
    const session = sessions.get(body.instance) ?? (isShared ? await restore(body) : undefined)
    if (session === undefined || session.worker !== body.worker) return undefined
    session.calledAtMs = world.clock.monotonicMs()
    return session
  }

  async function restore(body: OfInstance): Promise<Session | undefined> {
    const restored = await restoreSession(world, body)
    // Two calls at once restore one session.
    const session = sessions.get(body.instance) ?? restored
    if (session === undefined) return undefined
    if (session === restored) makeRoom()
    sessions.set(body.instance, session)
    return session
  }

  async function call(
    op: WorkerProtocolOp,
    parsed: unknown,
    principal: string,
    signal?: AbortSignal,
  ): Promise<unknown> {
    if (op === 'register') return registerOnce(parsed as Body<'register'>, principal)
    const body = parsed as Body<Exclude<WorkerProtocolOp, 'register'>>
    const session = await sessionFor(body)
    if (session === undefined) {
      if (op === 'leave') return leaveUnknown(body as Body<'leave'>)
      throw new ApiError(
        'not-registered',
        'this instance is not registered here: register again, with the runs it holds',
      )
    }
    return session.once(`${op} ${body.nonce}`, async () => {
      switch (op) {
        case 'receive':
          return (isShared ? receiveShared : receive)(session, body as Body<'receive'>, signal)
        case 'renew':
          return heard(session, renewRuns(world, session, body as Body<'renew'>))
        case 'step':
          return heard(session, tellSteps(flowCalls, session, body as Body<'step'>, principal))
        case 'suspend':
          return heard(session, suspendRuns(flowCalls, session, body as Body<'suspend'>))
        case 'outputs':
          return readOutputs(flowCalls, session, body as Body<'outputs'>)
        case 'complete':
          return heard(session, completeRuns(world, session, body as Body<'complete'>, principal))
        case 'release':
          return heard(session, releaseRuns(world, session, body as Body<'release'>))
        case 'leave':
          return leave(session, body as Body<'leave'>)
        default:
          return op satisfies never
      }
    })
  }

  return {
    call,
    sessions: () => sessions.values(),
    sessionOf: (instance) => sessions.get(instance),
    instanceDied: async ({ launch, instance, worker, why }) => {
      const session = [...sessions.values()].find((one) =>
        launch === undefined ? one.instance === instance : one.launch === launch,
      )
      if (session !== undefined) {
        forget(session)
        await Promise.all([...session.runs].map(([run, { taskId }]) => loseRun(world, { taskId, run, why })))
      }
      await instanceStopped(world, {
        worker,
        instance: session?.instance,
        launch,
        reason: why,
        ready: (launch !== undefined && goodbyes.delete(launch)) || session !== undefined,
      })
    },
  }
}

async function fleetOf(world: World, worker: string): Promise<Fleet> {
  const read = await readFleet(world, worker)
  if (read === undefined)
    throw new ApiError(
      'not-found',
      `the worker ${worker} is not registered: send its manifest, or PUT /v1/workers/${worker}`,
    )
  return read.fleet
}

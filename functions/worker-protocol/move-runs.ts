import type { z } from 'zod'
import type { Complete, End, Release, Renew, RunAnswer } from '#core/contract/worker-protocol'
import { endRun, type RunEnd } from '#core/tasks/end-run'
import type { MoveOutcome } from '#core/tasks/move'
import { renewRun } from '#core/tasks/renew'
import type { Principal, World } from '#core/world'
import { holdResultFiles, namesFiles, plainResult } from './result-files.ts'
import type { Session } from './session.ts'

/** Renewals, ends and hand-backs of an instance's runs; each answered by itself. */

export function renewRuns(world: World, session: Session, body: z.infer<typeof Renew>): Promise<RunAnswer[]> {
  return Promise.all(
    body.runs.map(async ({ taskId, run, ticket, progress }): Promise<RunAnswer> => {
      const known = session.runs.get(run)?.head
      const outcome = await renewRun(world, { taskId, run, nonce: body.nonce, progress, known })
      if (outcome.kind !== 'moved') return lost(session, run, outcome)
      const { head } = outcome
      // The due index guards from here on; only now may the bell go (protocol 12).
      await dropTicket(world, session, run, ticket)
      // Its end may have been written meanwhile: then it is not held any more. A shared session cannot tell.
      if (session.isShared || session.runs.has(run)) session.runs.set(run, { taskId, ticket: undefined, head })
      return { run, outcome: head.cancel === undefined ? 'owned' : 'cancel' }
    }),
  )
}

export function completeRuns(
  world: World,
  session: Session,
  body: z.infer<typeof Complete>,
  by: Principal,
): Promise<RunAnswer[]> {
  return Promise.all(
    body.ends.map((end) =>
      namesFiles(end) ? finishWithFiles(world, session, end, by) : finish(world, session, end, endOf(end)),
    ),
  )
}

/** The files are held before the head is written, and given back where it was not (core/files/payload.ts). */
async function finishWithFiles(
  world: World,
  session: Session,
  end: Parameters<typeof holdResultFiles>[2],
  by: Principal,
): Promise<RunAnswer> {
  const held = await holdResultFiles(world, by, end)
  if (held.kind === 'refused')
    return finish(world, session, end, { kind: 'fail', error: held.error, children: end.children })
  const result = plainResult(end.result)
  if (held.kind === 'not-owner') return finish(world, session, end, { kind: 'succeed', result, children: end.children })
  const answer = await finish(world, session, end, {
    kind: 'succeed',
    result,
    files: held.files,
    children: end.children,
  })
  if (answer.outcome !== 'done') await held.letGo()
  return answer
}

export function releaseRuns(world: World, session: Session, body: z.infer<typeof Release>): Promise<RunAnswer[]> {
  const end: RunEnd = { kind: 'hand-back', reason: body.reason }
  return Promise.all(body.runs.map((run) => finish(world, session, run, end)))
}

/** Runs that the hub granted and the instance does not hold never reached it, or were given up: they are ready again. */
export async function takeBack(
  world: World,
  standing: Session | undefined,
  body: { readonly nonce: string; readonly runs: readonly { readonly run: string }[] },
): Promise<void> {
  if (standing === undefined) return
  const held = new Set(body.runs.map(({ run }) => run))
  const gone = [...standing.runs].filter(([run]) => !held.has(run))
  if (gone.length === 0) return
  const runs = gone.map(([run, { taskId, ticket }]) => ({ run, taskId, ticket }))
  const { worker, instance } = standing
  await releaseRuns(world, standing, { worker, instance, nonce: body.nonce, reason: 'the connection broke', runs })
}

interface OfRun {
  readonly taskId: string
  readonly run: string
  readonly ticket?: string | undefined
}

async function finish(world: World, session: Session, { taskId, run, ticket }: OfRun, end: RunEnd): Promise<RunAnswer> {
  const outcome = await endRun(world, { taskId, run, end, known: session.runs.get(run)?.head })
  if (outcome.kind !== 'moved') return lost(session, run, outcome)
  await dropTicket(world, session, run, ticket, outcome.holdMs)
  session.runs.delete(run)
  return { run, outcome: 'done' }
}

/** The bell of a run that is over goes; one that its task still needs for another run is hidden till then (protocol 8). */
export async function dropTicket(
  world: World,
  session: Session,
  run: string,
  told: string | undefined,
  holdMs?: number,
): Promise<void> {
  const ticket = session.runs.get(run)?.ticket ?? told
  if (ticket === undefined) return
  if (holdMs === undefined) await world.queue.done(session.worker, ticket)
  else await world.queue.extend(session.worker, ticket, holdMs)
}

function lost(session: Session, run: string, outcome: Exclude<MoveOutcome, { kind: 'moved' }>): RunAnswer {
  if (outcome.kind === 'absent') {
    session.runs.delete(run)
    return { run, outcome: 'lost', message: 'the task is gone' }
  }
  if (outcome.head.run?.id === run) return { run, outcome: 'refused', message: outcome.reason }
  session.runs.delete(run)
  return { run, outcome: 'lost', message: `the task is ${outcome.head.status} and not this run's` }
}

function endOf(end: End): RunEnd {
  const { children } = end
  switch (end.kind) {
    case 'succeed':
      return { kind: 'succeed', result: plainResult(end.result), children }
    case 'fail':
      return { kind: 'fail', error: end.timedOut === true ? { ...end.error, code: 'timeout' } : end.error, children }
    case 'stop':
      return { kind: 'stop', children }
    case 'expire':
      return { kind: 'give-up', children }
    default:
      return end satisfies never
  }
}

import type { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { OpenWait, StepRecord, StepReport } from '#core/contract/steps'
import type { ChildOutput, Outputs, Steps, StepsAnswer, Suspend, SuspendAnswer } from '#core/contract/worker-protocol'
import { holdFiles } from '#core/files/hold'
import { readChildEnd } from '#core/flow/children'
import { type ChildSpec, createChildren } from '#core/flow/create-children'
import { eraOf } from '#core/flow/flow-of'
import { inChunks } from '#core/flow/list-all'
import { readStep, readWaits, recordOf, recordOfWait, remember, type StoredStep } from '#core/flow/remembered'
import { childIdsOfWait } from '#core/flow/resolve'
import { openWaits, suspendRun } from '#core/flow/suspend-run'
import type { Head } from '#core/head'
import { readHead } from '#core/tasks/move'
import { renewRun } from '#core/tasks/renew'
import type { Principal, World } from '#core/world'
import { dropTicket } from './move-runs.ts'
import type { Session } from './session.ts'

/** Steps, suspensions and outputs of sub tasks: what runs of workflows say beside what all runs say. */

/** Holds sub tasks against what their commands take; the API has the door (functions/api/create-sub-tasks.ts). */
export type CheckSubTasks = (ask: {
  readonly parent: Head
  readonly by: Principal
  readonly tasks: Extract<StepReport, { readonly tasks: unknown }>['tasks']
}) => Promise<readonly ChildSpec[]>

export interface FlowCalls {
  readonly world: World
  readonly checkSubTasks: CheckSubTasks
}

export function tellSteps(
  parts: FlowCalls,
  session: Session,
  body: z.infer<typeof Steps>,
  by: Principal,
): Promise<StepsAnswer[]> {
  return Promise.all(
    body.runs.map(async ({ taskId, run, reports }): Promise<StepsAnswer> => {
      const head = await ownHead(parts.world, session, { taskId, run })
      if (head === undefined) return { run, outcome: 'lost', message: "the task is not this run's" }
      const records: StepRecord[] = []
      const ids: string[] = []
      try {
        for (const report of reports) {
          const told = await tellStep(parts, { head, run, report, by, nonce: body.nonce })
          if (told === undefined) return { run, outcome: 'lost', message: "the task is not this run's any more" }
          if (told.record !== undefined) records.push(told.record)
          ids.push(...(told.ids ?? []))
        }
      } catch (error) {
        if (!(error instanceof ApiError) || error.code === 'unavailable') throw error
        const [issue] = error.issues ?? []
        const message = issue === undefined ? error.message : `${issue.field} ${issue.message}`
        return { run, outcome: 'refused', message, records }
      }
      const outcome = head.cancel === undefined ? 'owned' : 'cancel'
      return { run, outcome, records, ...(ids.length === 0 ? {} : { ids }) }
    }),
  )
}

interface OneReport {
  readonly head: Head
  readonly run: string
  readonly report: StepReport
  readonly by: Principal
  readonly nonce: string
}

interface Told {
  readonly record?: StepRecord
  readonly ids?: readonly string[]
}

/** Undefined: the run does not own its task any more, by the word of a write. */
async function tellStep(parts: FlowCalls, ask: OneReport): Promise<Told | undefined> {
  const { world } = parts
  const { head, report } = ask
  switch (report.kind) {
    case 'done': {
      if (report.outputPayload !== undefined) await holdResult(world, ask, report.id, report.outputPayload)
      const { kind: _kind, opened = false, ...told } = report
      return {
        record: recordOf(
          await remember(world, head, { ...told, kind: 'step', state: 'done', era: eraOf(head) }, opened),
        ),
      }
    }
    case 'failed': {
      // A success is one whoever has it; that it failed for good only the owner may say (protocol 17). So it is fenced.
      const fence = { taskId: head.id, run: ask.run, nonce: `${ask.nonce}.${report.id}` }
      if ((await renewRun(world, fence)).kind !== 'moved') return undefined
      const { kind: _kind, opened = false, ...told } = report
      return {
        record: recordOf(
          await remember(world, head, { ...told, kind: 'step', state: 'failed', era: eraOf(head) }, opened),
        ),
      }
    }
    case 'open': {
      const [stored] = await openWaits(world, head, [report.wait])
      return stored === undefined ? {} : { record: recordOfWait(stored) }
    }
    case 'call':
    case 'create':
      return tellChildren(parts, ask, report)
    default:
      return report satisfies never
  }
}

async function tellChildren(
  { world, checkSubTasks }: FlowCalls,
  { head, by }: OneReport,
  report: Extract<StepReport, { readonly tasks: unknown }>,
): Promise<Told> {
  const { id: step, count, from, tasks, onFailure } = report
  if (from + tasks.length > count) throw new ApiError('invalid', `${step}: more sub tasks than the ${count} it has`)
  const standing = await readStep(world, head, step)
  if (standing !== undefined && standing.kind !== report.kind) throw diverged(step, standing.kind)
  const specs = await checkSubTasks({ parent: head, by, tasks })
  const policy = report.kind === 'call' ? (onFailure ?? 'fail') : undefined
  const outcome = await createChildren(world, { parent: head, step, count, from, specs, onFailure: policy })
  if (outcome.kind === 'diverged') throw diverged(step, `another task at place ${outcome.index}`)
  if (outcome.kind === 'invalid')
    throw new ApiError('invalid', `/tasks/${outcome.index}${outcome.field} ${outcome.message}`)
  const { ids, children } = outcome
  if (from + tasks.length < count) return { ids }
  if (report.kind === 'call') {
    const wait: OpenWait = { kind: 'wait', id: step, of: [{ step }], onFailure: onFailure ?? 'fail' }
    const [stored] = await openWaits(world, head, [wait])
    return { ids, ...(stored === undefined ? {} : { record: recordOfWait(stored) }) }
  }
  const now = world.clock.now()
  const { attempts, era } = children
  const made: StoredStep = {
    id: step,
    kind: 'create',
    state: 'done',
    era,
    startedAt: now,
    endedAt: now,
    count,
    attempts,
  }
  return { ids, record: recordOf(await remember(world, head, made, false)) }
}

function diverged(step: string, was: string): ApiError {
  return new ApiError('conflict', `the step ${step} was ${was} in an earlier run of this task`)
}

/** A result that lies apart belongs to the task from here on, by the step that has it. */
async function holdResult(world: World, { head, by }: OneReport, step: string, payload: string): Promise<void> {
  const files = [{ name: step, payload }]
  const outcome = await holdFiles(world, { taskId: head.id, born: head.born, by, files, step })
  if (outcome.kind === 'refused') throw new ApiError('invalid', outcome.message)
}

export function suspendRuns(
  { world }: FlowCalls,
  session: Session,
  body: z.infer<typeof Suspend>,
): Promise<SuspendAnswer[]> {
  return Promise.all(
    body.runs.map(async ({ taskId, run, ticket, waits }): Promise<SuspendAnswer> => {
      const known = session.runs.get(run)?.head
      const outcome = await suspendRun(world, { taskId, run, waits, known })
      switch (outcome.kind) {
        case 'suspended':
          await dropTicket(world, session, run, ticket)
          session.runs.delete(run)
          return { run, outcome: 'suspended' }
        case 'resolved':
          return { run, outcome: 'resolved', records: [...outcome.records] }
        case 'cancel':
          return { run, outcome: 'cancel' }
        case 'lost':
          session.runs.delete(run)
          return { run, outcome: 'lost', message: outcome.why }
        default:
          return outcome satisfies never
      }
    }),
  )
}

const readsAtOnce = 50

export async function readOutputs(
  { world }: FlowCalls,
  session: Session,
  { taskId, run, wait, from }: z.infer<typeof Outputs>,
): Promise<{ readonly outputs: readonly ChildOutput[]; readonly next?: number }> {
  const head = await ownHead(world, session, { taskId, run })
  if (head === undefined) throw new ApiError('run-lost', "the task is not this run's")
  const open = (await readWaits(world, head)).find((stored) => stored.wait.id === wait)
  const of = open?.wait.kind === 'wait' ? open.wait.of : ((await readStep(world, head, wait))?.of ?? [{ step: wait }])
  const ids = await childIdsOfWait(world, head, of)
  const page = ids.slice(from, from + limits.outputsPage)
  const outputs = await inChunks(page, readsAtOnce, (id) => readChildEnd(world, id))
  const next = from + page.length
  return { outputs, ...(next < ids.length ? { next } : {}) }
}

/** As it was last written here, or as it stands: undefined where the run does not own it. */
async function ownHead(
  world: World,
  session: Session,
  { taskId, run }: { readonly taskId: string; readonly run: string },
): Promise<Head | undefined> {
  const head = session.runs.get(run)?.head ?? (await readHead(world, taskId))
  return head?.run?.id === run ? head : undefined
}

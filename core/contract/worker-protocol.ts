import { z } from 'zod'
import { NewResultFiles, PayloadId } from './files.ts'
import { limits } from './limits.ts'
import { Manifest } from './manifest.ts'
import { AnyJson, InstanceId, Nonce, RunId, TaskId, WorkerId } from './names.ts'
import { OpenWait, StepId, StepRecord, StepReport } from './steps.ts'
import { Task, TaskError, TaskResult } from './task.ts'

/**
 * The worker protocol, format 1. Every message is `{ instance, worker, nonce, … }`; a message repeated with its nonce
 * gets the same answer, so a lost answer is simply asked for again (protocol 4). The same messages travel as HTTP
 * bodies (`POST /v1/worker-protocol/{op}`) and as lines of a stream.
 */
const call = { worker: WorkerId, instance: InstanceId, nonce: Nonce }

/** `runs` lists what the instance holds: after a broken connection the hub takes back all the rest at once. */
export const Register = z.strictObject({
  ...call,
  concurrency: z.int().min(1).max(limits.concurrency),
  generation: z.string().max(128).optional(),
  launch: z.string().max(128).optional(),
  pid: z.int().optional(),
  manifest: Manifest.optional(),
  runs: z.array(z.strictObject({ taskId: TaskId, run: RunId })).max(limits.protocolMoves),
})
export const Registered = z.object({ generation: z.string(), paused: z.boolean(), idleSeconds: z.number() })

/** `slots`: how many to grant at most. `freeSlots`: how many tasks it could begin at once, for the scaler; else as many. */
export const Receive = z.strictObject({
  ...call,
  slots: z.int().min(1).max(limits.receiveSlots),
  freeSlots: z.int().min(0).max(limits.concurrency).optional(),
  waitSeconds: z.number().min(0).max(limits.receiveWaitSeconds),
})
/** One owned run. `ticket` is the bell's receipt: it goes back with the first renewal, the end or the hand-back. */
export const Grant = z.object({
  run: RunId,
  ticket: z.string(),
  leaseSeconds: z.number(),
  timeoutSeconds: z.number().optional(),
  alone: z.boolean().optional(),
  task: Task,
  /** What earlier runs of this task remember, and the waits that are open. Absent: nothing. */
  steps: z.array(StepRecord).optional(),
  /** How often the task was begun anew by hand; counts into the ids of its sub tasks. */
  era: z.int().optional(),
  /** Of the task: with `era` and the place in a step it makes the ids of sub tasks. Told with `steps`. */
  born: z.string().optional(),
  /** Earlier runs have made sub tasks: the end says so. */
  children: z.literal(true).optional(),
  /**
   * Earlier runs may have something to undo: the handler is called even if the task is canceled. `canceled`: it is, and
   * this run is for that alone.
   */
  undo: z.enum(['if-canceled', 'canceled']).optional(),
})
export type Grant = z.infer<typeof Grant>
/** `drain`: take nothing new, finish, leave (another generation is current, or the worker is being removed). */
export const Received = z.object({ grants: z.array(Grant), drain: z.boolean().optional() })

/** A receipt of SQS may have 1,024 characters. */
export const ticketCharsMost = 1_024
const run = { taskId: TaskId, run: RunId, ticket: z.string().max(ticketCharsMost).optional() }

export const ProgressReport = z.strictObject({
  percent: z.number().min(0).max(100),
  message: z.string().max(limits.progressMessageChars).optional(),
})

export const Renew = z.strictObject({
  ...call,
  runs: z
    .array(z.strictObject({ ...run, progress: ProgressReport.optional() }))
    .min(1)
    .max(limits.protocolMoves),
})

/** What a run gives: files by the payloads it uploaded, and a large output as one of those. */
export const RunResult = TaskResult.pick({ output: true, messages: true }).extend({
  files: NewResultFiles.optional(),
  outputPayload: PayloadId.optional(),
})
export type RunResult = z.infer<typeof RunResult>

/** The task has sub tasks, which have to be told of its end. */
const children = z.literal(true).optional()
export const End = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('succeed'), ...run, result: RunResult.optional(), children }),
  z.strictObject({ kind: z.literal('fail'), ...run, error: TaskError, timedOut: z.boolean().optional(), children }),
  z.strictObject({ kind: z.literal('stop'), ...run, children }),
  z.strictObject({ kind: z.literal('expire'), ...run, children }),
])
export type End = z.infer<typeof End>

export const Complete = z.strictObject({ ...call, ends: z.array(End).min(1).max(limits.protocolMoves) })
export const Release = z.strictObject({
  ...call,
  reason: z.string().max(limits.reasonChars),
  runs: z.array(z.strictObject(run)).min(1).max(limits.protocolMoves),
})
/** `idle`: it goes for want of work, so a grant that is on its way to it keeps it. */
export const Leave = z.strictObject({
  ...call,
  phase: z.enum(['leaving', 'gone']),
  idle: z.boolean().optional(),
})

/** What a run tells of its steps while it goes on. */
export const Steps = z.strictObject({
  ...call,
  runs: z
    .array(z.strictObject({ taskId: TaskId, run: RunId, reports: z.array(StepReport).min(1).max(limits.steps) }))
    .min(1)
    .max(limits.protocolMoves),
})
/**
 * `records`: what is remembered of the reported steps, which is not always what was reported: the first one to tell wins
 * (protocol 17). `ids`: of the sub tasks that were reported.
 */
export const StepsAnswer = z.object({
  run: RunId,
  outcome: z.enum(['owned', 'cancel', 'lost', 'refused']),
  message: z.string().optional(),
  records: z.array(StepRecord).optional(),
  ids: z.array(TaskId).optional(),
})
export type StepsAnswer = z.infer<typeof StepsAnswer>

/** Runs that can only wait: their slots are given back, unless one of the waits is over already. */
export const Suspend = z.strictObject({
  ...call,
  runs: z
    .array(z.strictObject({ ...run, waits: z.array(OpenWait).min(1).max(limits.steps) }))
    .min(1)
    .max(limits.protocolMoves),
})
/** `resolved`: the run goes on, with these. */
export const SuspendAnswer = z.object({
  run: RunId,
  outcome: z.enum(['suspended', 'resolved', 'cancel', 'lost', 'refused']),
  message: z.string().optional(),
  records: z.array(StepRecord).optional(),
})
export type SuspendAnswer = z.infer<typeof SuspendAnswer>

/** The outputs of a wait that are too many for its record, in pages. `wait`: the id of the call or the wait. */
export const Outputs = z.strictObject({ ...call, taskId: TaskId, run: RunId, wait: StepId, from: z.int().min(0) })
export const ChildOutput = z.object({
  taskId: TaskId,
  status: z.string(),
  output: AnyJson.optional(),
  /** The output is a file of the sub task. */
  outputApart: z.literal(true).optional(),
  error: TaskError.optional(),
})
export type ChildOutput = z.infer<typeof ChildOutput>

/** What became of one run's message: `owned` goes on, `cancel` asks it to stop, `lost` belongs to somebody else by now. */
export const RunAnswer = z.object({
  run: RunId,
  outcome: z.enum(['owned', 'cancel', 'lost', 'done', 'refused']),
  message: z.string().optional(),
})
export type RunAnswer = z.infer<typeof RunAnswer>
export const RunAnswers = z.object({ runs: z.array(RunAnswer) })

/** Sent by the hub over the open stream, unasked. */
export const Push = z.object({
  push: z.enum(['cancel', 'lost', 'drain']),
  run: RunId.optional(),
  taskId: TaskId.optional(),
})

export const workerProtocol = {
  register: { request: Register, answer: Registered },
  receive: { request: Receive, answer: Received },
  renew: { request: Renew, answer: RunAnswers },
  step: { request: Steps, answer: z.object({ runs: z.array(StepsAnswer) }) },
  suspend: { request: Suspend, answer: z.object({ runs: z.array(SuspendAnswer) }) },
  outputs: { request: Outputs, answer: z.object({ outputs: z.array(ChildOutput), next: z.int().optional() }) },
  complete: { request: Complete, answer: RunAnswers },
  release: { request: Release, answer: RunAnswers },
  leave: { request: Leave, answer: z.object({}) },
} as const
export type WorkerProtocolOp = keyof typeof workerProtocol

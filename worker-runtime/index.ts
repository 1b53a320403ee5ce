/**
 * The SDK of workers.
 *
 * @example
 * import { defineCommand, defineWorker } from 'taskurai/worker'
 * import { z } from 'zod'
 *
 * const greet = defineCommand({ name: 'greet', input: z.object({ name: z.string() }) }, async (ctx, { name }) => {
 *   ctx.progress(50, 'thinking')
 *   return `Hello ${name}`
 * })
 * export default defineWorker({ name: 'greeter', commands: [greet], concurrency: 4 })
 */
export type { TaskFile } from '#core/contract/files'
export type { Manifest } from '#core/contract/manifest'
export type { Task } from '#core/contract/task'
export type { Command, CommandContract, CommandSpec, Handler } from './command.ts'
export { defineCommand } from './command.ts'
export type {
  CommandContext,
  GetFileOptions,
  LocalFile,
  PutFileOptions,
  TaskFiles,
  WorkerLog,
} from './context.ts'
export type { AbortReason, TaskFailureOptions } from './failure.ts'
export { TaskAborted, TaskExpired, TaskFailure } from './failure.ts'
export type {
  First,
  FlowContext,
  SignalOptions,
  StepOptions,
  SubTask,
  SubTaskOutcome,
  SubTaskOutput,
  WaitOptions,
} from './flow/flow-context.ts'
export { SignalTimeout, StepFailed, SubTaskFailed } from './flow/flow-failures.ts'
export type { RunWorkerOptions, WorkerExit } from './run-worker.ts'
export { runWorker } from './run-worker.ts'
export type { Given, Parsed, Schema, StandardSchema } from './schema.ts'
export type { WorkerDefinition, WorkerSpec } from './worker.ts'
export { defineWorker, toManifest } from './worker.ts'

/**
 * The client of a Taskurai hub.
 *
 * @example
 * import { createClient } from 'taskurai/client'
 * const client = createClient()
 * const task = await client.submit('order.confirm', { orderId: '10248' })
 * const ended = await client.wait(task, { timeoutSeconds: 60 })
 */
export type { BulkAction, BulkOutput } from '../core/contract/bulk.ts'
export type { ErrorCode, FieldIssue } from '../core/contract/errors.ts'
export type { NewFile, Payload, TaskFile } from '../core/contract/files.ts'
export type { CreatedWatchToken, WatchView } from '../core/contract/live.ts'
export type { LogLine, LogPage } from '../core/contract/logs.ts'
export type { NewTask } from '../core/contract/new-task.ts'
export type { Step } from '../core/contract/steps.ts'
export type { Status, Task, TaskError, TaskResult } from '../core/contract/task.ts'
export type { PutWorker, WorkerView } from '../core/contract/workers.ts'
export {
  type Client,
  type ClientOptions,
  createClient,
  type LogsQuery,
  type RegisteredCommand,
} from './client.ts'
export {
  type BatchTaskConfig,
  type Contract,
  type EndedTask,
  type InputOf,
  newTask,
  type OutputOf,
  type Schema,
  type TaskConfig,
  type TaskOf,
  type TaskToSubmit,
} from './contract.ts'
export type { Download, DownloadOptions } from './download.ts'
export { type ClientErrorCode, TaskuraiError } from './error.ts'
export type { ChildrenQuery, SentSignal, SignalOptions, TaskPage } from './flow.ts'
export type { LiveCalls } from './live.ts'
export type { Credentials } from './sign.ts'
export type { BatchOptions, SubmitOptions } from './submit.ts'
export type { Bulk, BulkOptions, TaskFilter, TaskQuery } from './task-query.ts'
export type { UploadSource } from './upload.ts'
export { type GetOptions, type WaitOptions, WaitOverError } from './wait.ts'
export type { WatchTaskOptions } from './watch.ts'
export type { Watched, WatchTokenOptions } from './watch-tokens.ts'

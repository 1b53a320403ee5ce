import type { TaskFile } from '../../core/contract/files.ts'
import type { Step } from '../../core/contract/steps.ts'
import type { Status, Task } from '../../core/contract/task.ts'
import type { TaskOf } from '../contract.ts'
import type { Color } from './color.ts'
import type { Output } from './output.ts'
import { placePairs, stepPairs, waitingText } from './show-flow.ts'
import { type Column, clean, renderPairs } from './table.ts'
import { toSeconds } from './times.ts'

/** Tasks as people see them. */

const colors = {
  waiting: undefined,
  queued: undefined,
  running: 'cyan',
  suspended: 'cyan',
  succeeded: 'green',
  failed: 'red',
  canceled: 'yellow',
  expired: 'yellow',
} as const satisfies Record<Status, Color | undefined>

export function colorOf(status: Status): Color | undefined {
  return colors[status]
}

export function isStatus(text: string): text is Status {
  return Object.hasOwn(colors, text)
}

/** In the order of a task's life. */
export const statuses: readonly string[] = Object.keys(colors)

export function taskColumns({ paint }: Output): readonly Column[] {
  return [
    { title: 'ID', most: 26 },
    { title: 'STATUS', most: 9, paint: (padded, cell) => paint(isStatus(cell) ? colorOf(cell) : undefined, padded) },
    { title: 'COMMAND', most: 32, least: 14 },
    { title: 'CREATED', most: 20, isOptional: true },
    { title: 'RUNS', most: 4, right: true, isOptional: true },
    { title: 'SUBJECT', least: 12 },
  ]
}

export function taskRow(task: Task): readonly string[] {
  const { id, status, createdAt, runCount, subject } = task
  return [id, status, nameOf(task), toSeconds(createdAt), String(runCount), subject ?? '']
}

export function taskLine(task: Pick<Task, 'id' | 'command' | 'version' | 'status' | 'runCount'>): string {
  const { id, status, runCount } = task
  return clean(
    `${id}  ${nameOf(task)}  ${status}${runCount > 0 ? `  ${runCount} ${runCount === 1 ? 'run' : 'runs'}` : ''}`,
  )
}

const outputChars = 4_000

export function taskDetails(task: TaskOf, steps: readonly Step[] = []): string {
  const { progress, error, result } = task
  const output = result?.output === undefined ? undefined : JSON.stringify(result.output, undefined, 2)
  const errorLines = [
    error && `${error.code}: ${error.message}`,
    ...(error?.details ?? []).map(({ message }) => message),
  ]
  return renderPairs([
    ['id', task.id],
    ['command', `${nameOf(task)} of worker ${task.worker}`],
    ['status', `${task.status} (${task.statusCode})${task.cancelRequested === true ? ', asked to stop' : ''}`],
    ['waiting for', waitingText(task)],
    ['progress', progress && `${progress.percent} % ${progress.message ?? ''}`.trimEnd()],
    ['error', errorLines.filter((line) => line !== undefined).join('\n')],
    ...placePairs(task),
    ...stepPairs(task.id, steps),
    ['subject', task.subject],
    ['external id', task.externalId],
    [
      'tags',
      Object.entries(task.tags ?? {})
        .map((tag) => tag.join('='))
        .join(' '),
    ],
    ['files', filesText(task.files)],
    ['created', `${toSeconds(task.createdAt)} by ${task.createdBy}`],
    ['start after', task.startAfter && toSeconds(task.startAfter)],
    ['started', task.startedAt && toSeconds(task.startedAt)],
    ['retry after', task.retryAfter && toSeconds(task.retryAfter)],
    ['stopped', task.stoppedAt && toSeconds(task.stoppedAt)],
    ['runs', `${task.runCount} of ${task.retry.maxRuns}`],
    [
      'output',
      output && output.length > outputChars ? `${output.slice(0, outputChars)}\n… (all of it: --json)` : output,
    ],
    ['result files', filesText(result?.files)],
  ])
}

export function nameOf({ command, version }: Pick<Task, 'command' | 'version'>): string {
  return `${command}@${version}`
}

function filesText(files: readonly TaskFile[] | undefined): string {
  return (files ?? []).map(({ name, size, contentType }) => `${name}  ${sizeText(size)}  ${contentType}`).join('\n')
}

const sizeUnits = ['kB', 'MB', 'GB', 'TB']

/** `318 B`, `31.3 kB`, `4.2 GB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  const power = Math.min(sizeUnits.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1_000 ** power).toFixed(1)} ${sizeUnits[power - 1]}`
}

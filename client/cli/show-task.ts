import type { Status, Task } from '../../core/contract/task.ts'
import type { Output } from './output.ts'
import { type Column, clean, renderPairs } from './table.ts'

/** Tasks as people see them. */

const colors: Readonly<Partial<Record<Status, number>>> = {
  running: 36,
  succeeded: 32,
  failed: 31,
  canceled: 33,
  expired: 33,
}

export function taskColumns({ isColored }: Output): readonly Column[] {
  const paint = (padded: string, cell: string): string => {
    const color = Object.entries(colors).find(([status]) => status === cell)?.[1]
    return color === undefined || !isColored ? padded : `\u001b[${color}m${padded}\u001b[39m`
  }
  return [
    { title: 'ID', most: 26 },
    { title: 'STATUS', most: 9, paint },
    { title: 'COMMAND', most: 32 },
    { title: 'CREATED', most: 20 },
    { title: 'RUNS', most: 4, right: true },
    { title: 'SUBJECT' },
  ]
}

export function taskRow(task: Task): readonly string[] {
  const { id, status, createdAt, runCount, subject } = task
  return [id, status, nameOf(task), toSeconds(createdAt), String(runCount), subject ?? '']
}

export function taskLine(task: Task): string {
  const { id, status, runCount } = task
  return clean(
    `${id}  ${nameOf(task)}  ${status}${runCount > 0 ? `  ${runCount} ${runCount === 1 ? 'run' : 'runs'}` : ''}`,
  )
}

const outputChars = 4_000

export function taskDetails(task: Task): string {
  const { progress, error, result, waitingFor } = task
  const output = result?.output === undefined ? undefined : JSON.stringify(result.output, undefined, 2)
  const errorLines = [
    error && `${error.code}: ${error.message}`,
    ...(error?.details ?? []).map(({ message }) => message),
  ]
  return renderPairs([
    ['id', task.id],
    ['command', `${nameOf(task)} of worker ${task.worker}`],
    ['status', `${task.status} (${task.statusCode})${task.cancelRequested === true ? ', asked to stop' : ''}`],
    ['waiting for', waitingFor?.message],
    ['progress', progress && `${progress.percent} % ${progress.message ?? ''}`.trimEnd()],
    ['error', errorLines.filter((line) => line !== undefined).join('\n')],
    ['subject', task.subject],
    ['external id', task.externalId],
    [
      'tags',
      Object.entries(task.tags ?? {})
        .map((tag) => tag.join('='))
        .join(' '),
    ],
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
  ])
}

function nameOf({ command, version }: Task): string {
  return `${command}@${version}`
}

function toSeconds(instant: string): string {
  return instant.replace(/\.\d+/, '')
}

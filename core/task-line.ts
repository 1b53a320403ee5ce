import { type LogLevel, textLine } from './log-text.ts'

/** A printed line that belongs to a task, read back from how `log-text.ts` spells it, as text or as JSON. */
export interface TaskLine {
  readonly taskId: string
  readonly level: LogLevel
  /** The event and its fields, without what stands beside them here. */
  readonly text: string
  readonly run: number | undefined
}

const taskId = '[0-9A-HJKMNP-TV-Z]{26}'
const textShape = new RegExp(`^(?:(info|warn|error) )?(.*?) ?\\btaskId=(${taskId})(?: run=(\\d{1,9}))?(?: (.*))?$`, 's')
const idShape = new RegExp(`^${taskId}$`)

/** Undefined for all else that a process prints; most lines are told by one look for the word. */
export function readTaskLine(line: string): TaskLine | undefined {
  const read = line.startsWith('{') && line.includes('"task"') ? readJson(line) : undefined
  return read ?? (line.includes('taskId') ? readText(line) : undefined)
}

function readText(line: string): TaskLine | undefined {
  const [, level, event = '', id, run, rest] = textShape.exec(line) ?? []
  if (id === undefined) return undefined
  return {
    taskId: id,
    level: levelOf(level),
    text: rest === undefined ? event : `${event} ${rest}`,
    run: run === undefined ? undefined : Number(run),
  }
}

function readJson(line: string): TaskLine | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const {
    level,
    event,
    task,
    run,
    correlation: _c,
    command: _n,
    ...fields
  }: Readonly<Record<string, unknown>> = {
    ...parsed,
  }
  if (typeof task !== 'string' || !idShape.test(task) || typeof event !== 'string') return undefined
  // The level stands beside the text here, and marks no line.
  const text = textLine('info', event, fields).replace(/^info /, '')
  return { taskId: task, level: levelOf(level), text, run: typeof run === 'number' ? run : undefined }
}

function levelOf(level: unknown): LogLevel {
  return level === 'warn' || level === 'error' ? level : 'info'
}

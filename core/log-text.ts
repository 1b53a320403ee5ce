import { limits } from './contract/limits.ts'

/** How a line of log is spelled: `order.confirmed taskId=01… run=1 bytes=31337`, or as one JSON object. */

export type LogLevel = 'info' | 'warn' | 'error'
export type Fields = Readonly<Record<string, unknown>>

/** Whom a line belongs to. Text names task and run alone, which is what a person at a terminal has a use for. */
export interface LineOf {
  readonly taskId: string
  readonly run: number
  readonly correlationId: string
  /** `order.confirm@2`. */
  readonly command: string
}

const valueChars = 500

export function textLine(level: LogLevel, event: string, fields: Fields): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`)
  const said = plainEvent(event)
  // A text that begins with a level's name would be read as being of it.
  const mark = level !== 'info' || /^(?:info|warn|error) /.test(said) ? [level] : []
  return [...mark, said, ...parts].join(' ')
}

/**
 * Reserved names win over the handler's own fields, which then stand under the name with an underscore behind it. What is
 * longer than a line may be keeps whom it belongs to.
 */
export function jsonLine(level: LogLevel, event: string, fields: Fields, of?: LineOf): string {
  const { taskId, run, ...rest } = fields
  const task = of?.taskId ?? taskId
  const own = {
    level,
    event: bounded(String(event), limits.logEventChars),
    ...(task === undefined ? {} : { task }),
    ...((of?.run ?? run) === undefined ? {} : { run: of?.run ?? run }),
    ...(of === undefined ? {} : { correlation: of.correlationId, command: of.command }),
  }
  const others = Object.entries(rest).map(([name, value]) => [name in own ? `${name}_` : name, value] as const)
  const line = toJson({ ...own, ...Object.fromEntries(others) })
  if (line !== undefined && line.length <= limits.logLineChars) return line
  return JSON.stringify({ ...own, fields: bounded(line ?? String(rest), limits.logEventChars) })
}

/** Never throws and never breaks the line, whatever a handler logs. */
function valueText(value: unknown): string {
  let text = typeof value === 'string' ? value : (toJson(value) ?? String(value))
  if (typeof value === 'string' && /[\s"=]/.test(text)) text = JSON.stringify(text)
  return bounded(text, valueChars)
}

/** An event is a name; whoever logs a text of several lines still gets one line, and none that names another task. */
function plainEvent(event: string): string {
  const text = String(event)
    .replaceAll(/\r?\n|\r/g, '\\n')
    .replaceAll(/\b(taskId)=/g, '$1 =')
  return bounded(text, limits.logEventChars)
}

function bounded(text: string, charsMost: number): string {
  return text.length <= charsMost ? text : `${text.slice(0, charsMost)}…`
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

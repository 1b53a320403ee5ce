import type { WorkerLog } from './context.ts'

/** One line an event: `order.confirmed orderId=10248 bytes=31337`, or JSON where `TASKURAI_LOG=json`. */

export type LogLevel = 'info' | 'warn' | 'error'
export type Fields = Readonly<Record<string, unknown>>
export type WriteLog = (level: LogLevel, event: string, fields?: Fields) => void

const valueChars = 500

export function lineLog(write: (line: string) => void, format: 'text' | 'json'): WriteLog {
  return (level, event, fields = {}) => {
    write(format === 'json' ? `${jsonLine(level, event, fields)}\n` : `${textLine(level, event, fields)}\n`)
  }
}

export function logOf(write: WriteLog, always: Fields = {}): WorkerLog {
  // What always stands there comes first, so that no long field pushes it off the end of a line, and wins.
  const at = (level: LogLevel) => (event: string, fields?: Fields) =>
    write(level, event, { ...always, ...fields, ...always })
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

export function textLine(level: LogLevel, event: string, fields: Fields): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`)
  // An event is a name; whoever logs a text of several lines still gets one line.
  return [...(level === 'info' ? [] : [level]), String(event).replaceAll(/\r?\n|\r/g, '\\n'), ...parts].join(' ')
}

function jsonLine(level: LogLevel, event: string, fields: Fields): string {
  try {
    return JSON.stringify({ level, event, ...fields })
  } catch {
    return JSON.stringify({ level, event, fields: valueText(fields) })
  }
}

/** Never throws and never breaks the line, whatever a handler logs. */
function valueText(value: unknown): string {
  let text: string
  try {
    text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  } catch {
    text = String(value)
  }
  if (typeof value === 'string' && /[\s"=]/.test(text)) text = JSON.stringify(text)
  return text.length <= valueChars ? text : `${text.slice(0, valueChars)}…`
}

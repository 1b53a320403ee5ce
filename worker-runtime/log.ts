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
  const at = (level: LogLevel) => (event: string, fields?: Fields) => write(level, event, { ...fields, ...always })
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

function textLine(level: LogLevel, event: string, fields: Fields): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`)
  return [...(level === 'info' ? [] : [level]), event, ...parts].join(' ')
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

import { type Fields, jsonLine, type LineOf, type LogLevel, textLine } from '#core/log-text'
import type { WorkerLog } from './context.ts'

/** One line an event: `order.confirmed orderId=10248 bytes=31337`, or JSON where `TASKURAI_LOG=json`. */

export type { Fields, LogLevel }
/** `of` is given for lines of a run; its task and run stand in the fields too. */
export type WriteLog = (level: LogLevel, event: string, fields?: Fields, of?: LineOf) => void

export function lineLog(write: (line: string) => void, format: 'text' | 'json'): WriteLog {
  return (level, event, fields = {}, of) => {
    write(`${format === 'json' ? jsonLine(level, event, fields, of) : textLine(level, event, fields)}\n`)
  }
}

export function logOf(write: WriteLog, always: Fields = {}, of?: LineOf): WorkerLog {
  // What always stands there comes first, so that no long field pushes it off the end of a line, and wins.
  const at = (level: LogLevel) => (event: string, fields?: Fields) =>
    write(level, event, { ...always, ...fields, ...always }, of)
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

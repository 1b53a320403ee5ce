import { limits } from '#core/contract/limits'
import type { LineOf, LogLevel } from '#core/log-text'
import type { WorkerLog } from './context.ts'
import { logOf, type WriteLog } from './log.ts'

/**
 * What one run prints, bounded: a handler in a loop must not cost its owner a fortune in logs, or push out what other
 * runs say. Beyond the limit the run goes on as before; its lines are counted, and only errors are still told, a few.
 */
export interface RunLog {
  readonly log: WorkerLog
  /** What the handler printed by the console. The text is made only where it is going to be told. */
  readonly say: (level: LogLevel, text: () => string) => void
  /** The run is over: says what was left out. */
  readonly end: () => void
}

export interface RunLogOptions {
  readonly of: LineOf
  readonly write: WriteLog
  /** All that `write` has printed so far, of whichever run. */
  readonly printedBytes: () => number
  readonly linesMost?: number
}

export function createRunLog(options: RunLogOptions): RunLog {
  const { of, write, printedBytes, linesMost = limits.runLogLines } = options
  const always = { taskId: of.taskId, run: of.run }
  let lines = 0
  let bytes = 0
  let errors = 0
  let isCut = false
  let dropped = 0

  const tell: WriteLog = (level, event, fields) => {
    const before = printedBytes()
    write(level, event, fields, of)
    lines++
    bytes += printedBytes() - before
  }

  /** Whether one more line may be told, and counts it where it may not. */
  const hasRoom = (level: LogLevel): boolean => {
    if (!isCut && (lines >= linesMost || bytes >= limits.runLogBytes)) {
      isCut = true
      const why = `a run prints at most ${linesMost} lines and ${limits.runLogBytes} bytes`
      tell('warn', 'log.cut', { ...always, lines, bytes, why, next: `${limits.runLogErrors} errors at most` })
    }
    if (!isCut) return true
    if (level === 'error' && errors < limits.runLogErrors) {
      errors++
      return true
    }
    dropped++
    return false
  }

  return {
    log: logOf((level, event, fields) => {
      if (hasRoom(level)) tell(level, event, fields)
    }, always),
    say: (level, text) => {
      if (hasRoom(level)) tell(level, text(), always)
    },
    end: () => {
      if (dropped === 0) return
      tell('warn', 'log.dropped', { ...always, lines: dropped })
      dropped = 0
    },
  }
}

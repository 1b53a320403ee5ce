import type { Schedule } from './schedule.ts'

/** What happened, one line each, in order: read it from the end. Lines are made only when somebody wants them. */
export interface Trace {
  readonly lines: string[]
  readonly say: (who: string, what: () => string) => void
}

const linesMost = 20_000

export function createTrace(schedule: Schedule, isWanted: boolean): Trace {
  const lines: string[] = []
  return {
    lines,
    say: (who, what) => {
      if (!isWanted) return
      if (lines.length >= linesMost) lines.shift()
      lines.push(`${(schedule.nowMs / 1_000).toFixed(3).padStart(11)}  ${who.padEnd(8)} ${what()}`)
    },
  }
}

import type { Outcome } from './play.ts'

/** One line a trace; behind a stroke stands what the ideal scaler needs. */

const columns = [
  ['trace', 40],
  ['tasks', 7],
  ['launches', 9],
  ['most', 7],
  ['empty s', 13],
  ['wait s', 8],
  ['decisions', 10],
  ['writes', 7],
  ['depth asks', 11],
] as const

export const titles = columns.map(([title, chars]) => cell(title, chars)).join('')

export function rowOf(outcome: Outcome): string {
  const { trace, ideal } = outcome
  const cells: Readonly<Record<(typeof columns)[number][0], string | number>> = {
    trace: trace.name,
    tasks: outcome.tasks,
    launches: `${outcome.launches}/${ideal.launches}`,
    most: `${outcome.most}/${trace.scaling.max}`,
    'empty s': `${Math.round(outcome.secondsToEmpty)}/${Math.round(ideal.seconds)}`,
    'wait s': Math.round(outcome.longestWaitSeconds),
    decisions: outcome.decisions,
    writes: outcome.fleetWrites,
    'depth asks': outcome.depthAsks,
  }
  return columns.map(([title, chars]) => cell(cells[title], chars)).join('')
}

function cell(value: string | number, chars: number): string {
  return chars > 20 ? String(value).padEnd(chars) : String(value).padStart(chars)
}

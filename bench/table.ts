/** Turns the results of all rounds into what is printed and what is written as JSON. */
import type { Figures } from './measures.ts'
import { median, timesBetter } from './statistics.ts'
import type { Subject } from './subject.ts'

/** One subject's figures, one entry a round; a round in which it failed has fewer figures. */
export interface SubjectResult {
  readonly name: string
  readonly role: Subject['role']
  readonly kept: string
  readonly rounds: readonly Figures[]
}

export interface Comparison {
  readonly subject: string
  readonly peer: string
  /** By figure: above 1 is better than the peer, whatever the unit. */
  readonly timesBetter: Figures
}

export const medians = (result: SubjectResult): Figures =>
  Object.fromEntries(figureNames([result]).map((name) => [name, median(known(result, name))]))

/** Every subject against every peer but itself. */
export function compare(results: readonly SubjectResult[]): readonly Comparison[] {
  const peers = results.filter(({ role }) => role === 'peer')
  return results.flatMap((subject) =>
    peers
      .filter((peer) => peer.name !== subject.name)
      .map((peer) => ({
        subject: subject.name,
        peer: peer.name,
        timesBetter: Object.fromEntries(
          figureNames([subject, peer])
            .filter((name) => name !== 'runs too many')
            .map((name) => [name, timesBetter(name, byRound(subject, name), byRound(peer, name))]),
        ),
      })),
  )
}

/** One row a figure; columns are the subjects' medians, then the comparisons. */
export function renderTable(results: readonly SubjectResult[]): string {
  const comparisons = compare(results)
  const columns = results.map(medians)
  const header = [
    'median',
    ...results.map(({ name }) => name),
    ...comparisons.map(({ subject, peer }) => `${subject} : ${peer}`),
  ]
  const rows = figureNames(results).map((name) => [
    name,
    ...columns.map((figures) => renderFigure(figures[name])),
    ...comparisons.map((comparison) => renderRatio(comparison.timesBetter[name])),
  ])
  return layOut([header, ...rows])
}

const figureNames = (results: readonly SubjectResult[]): readonly string[] => [
  ...new Set(results.flatMap(({ rounds }) => rounds.flatMap((figures) => Object.keys(figures)))),
]

const byRound = ({ rounds }: SubjectResult, name: string): readonly number[] =>
  rounds.map((figures) => figures[name] ?? Number.NaN)

const known = (result: SubjectResult, name: string): readonly number[] =>
  byRound(result, name).filter((value) => !Number.isNaN(value))

function renderFigure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–'
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}

const renderRatio = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '–' : `${value.toFixed(2)}×`

function layOut(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

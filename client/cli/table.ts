/** Aligned text for people. Cells may hold what strangers wrote, so nothing in them reaches the terminal as a command. */

export interface Column {
  readonly title: string
  /** Columns of the terminal that a cell takes at most. */
  readonly most?: number
  /** What it keeps when the line is too narrow; without it the column is never cut. The last one always gives way. */
  readonly least?: number
  /** Left out altogether where there is no room for all. */
  readonly isOptional?: boolean
  readonly right?: boolean
  readonly paint?: (padded: string, cell: string) => string
}

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  readonly width: number
  /** A later page of the same table: no titles, the widths of the first page. */
  readonly widths?: readonly number[] | undefined
}

const gap = '  '
const cellMost = 200
/** The width of a column that is left out. */
const leftOut = -1

export function renderTable({ columns, rows, width, widths }: Table): { text: string; widths: readonly number[] } {
  const cells = rows.map((row) => row.map(clean))
  const fitted = widths ?? fitWidths(columns, cells, width)
  const line = (row: readonly string[], isHead: boolean): string => {
    const padded = columns.flatMap((column, index) => {
      const cellWidth = fitted[index] ?? 0
      if (cellWidth === leftOut) return []
      const cell = row[index] ?? ''
      const text = pad(cell, cellWidth, column.right === true)
      return [isHead || column.paint === undefined ? text : column.paint(text, cell)]
    })
    return padded.join(gap).trimEnd()
  }
  const titles = columns.map(({ title }) => title)
  const head = widths === undefined ? [line(titles, true)] : []
  return { text: [...head, ...cells.map((row) => line(row, false))].join('\n'), widths: fitted }
}

/** `name  value` lines; values may have several lines. */
export function renderPairs(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]))
  const nameWidth = Math.max(0, ...shown.map(([name]) => name.length))
  const indent = `\n${' '.repeat(nameWidth + gap.length)}`
  return shown
    .map(([name, value]) => name.padEnd(nameWidth) + gap + value.split('\n').map(clean).join(indent))
    .join('\n')
}

/**
 * Each column as wide as its widest cell. Too much for the line is taken from the last, then from those that give; where
 * that is not enough, optional ones are left out, the first of them first.
 */
function fitWidths(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): readonly number[] {
  const wanted = columns.map(({ title, most = cellMost }, index) =>
    Math.min(most, Math.max(title.length, ...rows.map((row) => textWidth(row[index] ?? '')))),
  )
  const optional = columns.flatMap(({ isOptional }, index) => (isOptional === true ? [index] : []))
  for (let dropped = 0; ; dropped++) {
    const out = new Set(optional.slice(0, dropped))
    const kept = wanted.map((each, index) => (out.has(index) ? leftOut : each))
    const shrunk = shrinkTo(columns, kept, width)
    if (lineWidth(shrunk) <= width || dropped >= optional.length) return shrunk
  }
}

function shrinkTo(columns: readonly Column[], widths: readonly number[], width: number): readonly number[] {
  const shrunk = [...widths]
  const last = columns.length - 1
  for (const index of [last, ...columns.keys()]) {
    const { title, least } = columns[index] ?? { title: '' }
    const standing = shrunk[index] ?? leftOut
    const excess = lineWidth(shrunk) - width
    if (standing === leftOut || excess <= 0 || (least === undefined && index !== last)) continue
    shrunk[index] = Math.min(standing, Math.max(title.length, least ?? 0, standing - excess))
  }
  return shrunk
}

function lineWidth(widths: readonly number[]): number {
  const shown = widths.filter((width) => width !== leftOut)
  return shown.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, shown.length - 1)
}

function pad(text: string, width: number, isRight: boolean): string {
  const cut = cutTo(text, width)
  const space = ' '.repeat(Math.max(0, width - textWidth(cut)))
  return isRight ? space + cut : cut + space
}

/** As much of the text as fits, with … for the rest. */
export function cutTo(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let cut = ''
  let used = 1
  for (const { segment } of graphemes.segment(text)) {
    used += textWidth(segment)
    if (used > width) break
    cut += segment
  }
  return `${cut}…`
}

const graphemes = new Intl.Segmenter()
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u

export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}

/** Control characters, and those that turn the direction of writing, become spaces. */
export function clean(text: string): string {
  return text.replaceAll(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, ' ')
}

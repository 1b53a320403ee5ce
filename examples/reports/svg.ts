/** The few marks that charts are made of, as SVG. Numbers are cut to what a screen can show. */
export interface TextStyle {
  readonly size: number
  readonly fill: string
  readonly weight?: number
  readonly anchor?: 'start' | 'middle' | 'end'
}

type Attributes = Readonly<Record<string, string | number>>

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (words: string): string => words.replace(/[&<>"']/g, (char) => escapes[char] ?? char)

const attributes = (values: Attributes): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? Number(value.toFixed(2)) : escaped(value)}"`)
    .join('')

export const text = (x: number, y: number, words: string, style: TextStyle): string => {
  const { size, fill, weight = 400, anchor = 'start' } = style
  const look = { 'font-size': size, 'font-weight': weight, fill, 'text-anchor': anchor }
  return `<text${attributes({ x, y, ...look })}>${escaped(words)}</text>`
}

export const bar = (shape: { x: number; y: number; width: number; height: number; fill: string }): string =>
  `<rect${attributes({ ...shape, rx: 1.5 })}/>`

export const line = (shape: { x1: number; y1: number; x2: number; y2: number; stroke: string }): string =>
  `<line${attributes({ ...shape, 'stroke-width': 1 })}/>`

export const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`

export const svg = (
  { width, height, title }: { width: number; height: number; title: string },
  marks: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg"${attributes({ width, height, viewBox: `0 0 ${width} ${height}`, role: 'img' })}`,
    ' font-family="system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif">\n',
    `<title>${escaped(title)}</title>\n`,
    `<rect${attributes({ width, height, fill: '#ffffff' })}/>\n`,
    ...marks.map((mark) => `${mark}\n`),
    '</svg>\n',
  ].join('')

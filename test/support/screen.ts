/** A terminal as far as this CLI writes to one: text, colours, lines up, lines cleared. Answers what a person sees. */
export function screenOf(written: string, columns: number): readonly string[] {
  const lines: string[] = ['']
  let row = 0
  let column = 0
  const put = (char: string): void => {
    if (column === columns) {
      row++
      column = 0
    }
    while (lines.length <= row) lines.push('')
    const line = (lines[row] ?? '').padEnd(column)
    lines[row] = line.slice(0, column) + char + line.slice(column + 1)
    column++
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal is told with
  for (const [, code, kind, char = ''] of written.matchAll(/\u001b\[(\d*)([A-Za-z])|([^\u001b])/gsu)) {
    if (kind === 'A') row = Math.max(0, row - Number(code || 1))
    else if (kind === 'K') lines[row] = ''
    else if (kind === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column))
    else if (kind !== undefined) continue
    else if (char === '\n') {
      row++
      column = 0
    } else if (char === '\r') column = 0
    else put(char)
  }
  return lines.map((line) => line.trimEnd()).filter((line, index, all) => line !== '' || index < all.length - 1)
}

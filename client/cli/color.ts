/** Colours of the terminal. Whether there are any is decided once, in output.ts. */

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

export type Color = keyof typeof codes

export type Paint = (color: Color | undefined, text: string) => string

export function createPaint(isColored: boolean): Paint {
  return (color, text) => {
    if (!isColored || color === undefined || text === '') return text
    const [on, off] = codes[color]
    return `\u001b[${on}m${text}\u001b[${off}m`
  }
}

export interface ColorWorld {
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** NO_COLOR wins over FORCE_COLOR, FORCE_COLOR over what the terminal is; an empty value says nothing. */
export function isColored({ isTerminal, env }: ColorWorld): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  if (NO_COLOR) return false
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTerminal && TERM !== 'dumb'
}

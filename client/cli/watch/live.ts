import { stripVTControlCharacters } from 'node:util'
import type { Output } from '../output.ts'
import { screenLines } from './draw.ts'

/**
 * A part of the screen that is written over and over. Nothing is hidden and no mode is set, so that whoever ends the
 * program at any moment has a terminal as it was.
 */
export interface Live {
  readonly draw: (lines: readonly string[]) => Promise<void>
}

const up = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}A`)
const clearLine = '\u001b[2K'
const clearBelow = '\u001b[J'

export function createLive(output: Output): Live {
  let standing: readonly string[] = []
  let drawn = ''
  return {
    draw: async (lines) => {
      const { width, height } = output
      // What has left the screen at its top cannot be written over any more.
      const most = Math.max(1, height - 2)
      const hidden = lines.length - most
      const shown = hidden > 0 ? [...lines.slice(0, most - 1), `… and ${hidden + 1} more`] : lines
      const text = shown.map((line) => `${clearLine}${line}\n`).join('')
      if (text === drawn) return
      const before = standing.reduce((sum, line) => sum + screenLines(line, width), 0)
      drawn = text
      standing = shown.map(stripVTControlCharacters)
      await output.write(`${up(before)}\r${text}${clearBelow}`)
    },
  }
}

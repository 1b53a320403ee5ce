import { stripVTControlCharacters } from 'node:util'
import type { Output } from '../output.ts'
import { noRest, type Rest } from './children.ts'
import { screenLines } from './draw.ts'

/**
 * A part of the screen that is written over and over. Nothing is hidden and no mode is set, so that whoever ends the
 * program at any moment has a terminal as it was.
 */
export interface Live {
  /** The lines, and behind them how many there are besides. */
  readonly draw: (lines: readonly string[], rest?: Rest) => Promise<void>
}

const up = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}A`)
const clearLine = '\u001b[2K'
const clearBelow = '\u001b[J'

export function createLive(output: Output): Live {
  let standing: readonly string[] = []
  let drawn = ''
  return {
    draw: async (lines, rest = noRest) => {
      const { width, height } = output
      // What has left the screen at its top cannot be written over any more.
      const most = Math.max(1, height - 2)
      const isCut = lines.length > most || ((rest.count > 0 || rest.isMore) && lines.length === most)
      const fitting = isCut ? lines.slice(0, most - 1) : lines
      const shown = [...fitting, ...restLines({ ...rest, count: rest.count + lines.length - fitting.length })]
      const text = shown.map((line) => `${clearLine}${line}\n`).join('')
      if (text === drawn) return
      const before = standing.reduce((sum, line) => sum + screenLines(line, width), 0)
      drawn = text
      standing = shown.map(stripVTControlCharacters)
      await output.write(`${up(before)}\r${text}${clearBelow}`)
    },
  }
}

const figures = new Intl.NumberFormat('en')

function restLines({ count, isMore }: Rest): readonly string[] {
  if (count === 0) return isMore ? ['… and more'] : []
  return [`… and ${figures.format(count)}${isMore ? ' or more' : ' more'}`]
}

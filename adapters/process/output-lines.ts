import type { Readable } from 'node:stream'

import { limits } from '#core/contract/limits'

/** The lines a child prints, bounded: cut where too long, counted instead of told where too many, the last ones kept. */

/** Of what a person is shown; `each` gets as much as a line of log may be long. */
const lineChars = 2_000
const linesASecondMost = 200
export const lastLinesKept = 20

export interface OutputLines {
  readonly watch: (stream: Readable) => void
  /** The newest lines, oldest first. */
  readonly last: () => readonly string[]
}

/** `tell` gets as many as a person can read, `each` gets all. */
export function createOutputLines(
  tell: (line: string) => void,
  monotonicMs: () => number,
  each: (line: string) => void = () => undefined,
): OutputLines {
  const last: string[] = []
  let windowStartMs = 0
  let told = 0
  let leftOut = 0

  const take = (whole: string) => {
    each(whole)
    const line = whole.slice(0, lineChars)
    last.push(line)
    if (last.length > lastLinesKept) last.shift()
    const now = monotonicMs()
    if (now - windowStartMs >= 1_000) {
      if (leftOut > 0) tell(`… ${leftOut} lines left out`)
      windowStartMs = now
      told = 0
      leftOut = 0
    }
    if (told++ < linesASecondMost) tell(line)
    else leftOut++
  }

  return {
    watch: (stream) => {
      let rest = ''
      stream.setEncoding('utf8')
      stream.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = (lines.pop() ?? '').slice(0, limits.logLineChars)
        for (const line of lines) if (line !== '') take(line.slice(0, limits.logLineChars))
      })
      stream.on('end', () => {
        if (rest !== '') take(rest)
        rest = ''
      })
      // A pipe that breaks is the child's end, which is told as such.
      stream.on('error', () => {})
    },
    last: () => last,
  }
}

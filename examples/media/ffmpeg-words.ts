/** Listens to what ffmpeg says and keeps a bounded part of it: how it began, and its last lines. */
export interface Listener {
  readonly hear: (text: string) => void
  /** What it said first, where it describes its input. */
  readonly said: () => string
  /** For people, on one line. */
  readonly lastWords: () => string
}

const saidCharsMost = 32_768
const tailCharsMost = 4_096
const lastLines = 3
const lineCharsMost = 300

export const createListener = (): Listener => {
  let beginning = ''
  let tail = ''
  return {
    hear: (text) => {
      if (beginning.length < saidCharsMost) beginning = (beginning + text).slice(0, saidCharsMost)
      tail = (tail + text).slice(-tailCharsMost)
    },
    said: () => beginning,
    lastWords: () => wordsOf(tail),
  }
}

/** Where in its memory a part of ffmpeg lies is of no use to anybody. */
const address = / @ 0x[0-9a-f]+(?=\])/g

const wordsOf = (tail: string): string => {
  const lines = tail
    .replace(address, '')
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  // The same complaint about every frame is one complaint.
  const distinct = lines.filter((line, index) => line !== lines[index - 1])
  return distinct
    .slice(-lastLines)
    .map((line) => line.slice(0, lineCharsMost))
    .join(' · ')
}

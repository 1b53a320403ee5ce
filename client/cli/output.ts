import { createPaint, isColored, type Paint } from './color.ts'
import type { CliStream, CliWorld } from './world.ts'

/** The two streams of the CLI. A reader that went away (`| head`) ends the output quietly. */
export interface Output {
  readonly isJson: boolean
  readonly isTerminal: boolean
  /** Whether lines on the screen may be written over: a terminal that understands more than text. */
  readonly isLive: boolean
  readonly paint: Paint
  /** Columns that a line may take, as of now: a person may pull at the window. */
  readonly width: number
  /** Lines of the screen. */
  readonly height: number
  /** False once nobody reads any more. */
  readonly isOpen: () => boolean
  readonly print: (text: string) => Promise<void>
  /** As it is, without a line's end. */
  readonly write: (text: string | Uint8Array) => Promise<void>
  /** One JSON document, indented for a person, or one line. */
  readonly printJson: (value: unknown, shape?: 'document' | 'line') => Promise<void>
  /** For people while they wait, on stderr: never part of what a script reads. */
  readonly say: (text: string) => Promise<void>
}

const widthLeast = 60
const widthPiped = 160
const heightUnknown = 24

export function createOutput(world: CliWorld, isJson: boolean): Output {
  const { isTerminal, env } = world
  const out = quietStream(world.stdout)
  const err = quietStream(world.stderr)
  return {
    isJson,
    isTerminal,
    isLive: isTerminal && !isJson && env.TERM !== 'dumb',
    paint: createPaint(isColored(world)),
    get width() {
      return isTerminal ? Math.max(widthLeast, world.stdout.columns ?? widthLeast) : widthPiped
    },
    get height() {
      return world.stdout.rows ?? heightUnknown
    },
    isOpen: () => !out.closed,
    print: (text) => out.write(`${text}\n`),
    write: (text) => out.write(text),
    printJson: (value, shape = 'document') =>
      out.write(`${JSON.stringify(value, undefined, shape === 'document' && isTerminal ? 2 : undefined)}\n`),
    say: (text) => err.write(`${text}\n`),
  }
}

interface QuietStream {
  readonly closed: boolean
  write(text: string | Uint8Array): Promise<void>
}

const quietStreams = new WeakMap<CliStream, QuietStream>()

/** One for each stream of the process: its listener stays, as the error of the last write may come after the end. */
function quietStream(stream: CliStream): QuietStream {
  const known = quietStreams.get(stream)
  if (known !== undefined) return known
  let isClosed = false
  stream.on('error', () => {
    isClosed = true
  })
  const made: QuietStream = {
    get closed() {
      return isClosed
    },
    write: (text) =>
      new Promise((resolve) => {
        if (isClosed) return resolve()
        stream.write(text, (error) => {
          if (error) isClosed = true
          resolve()
        })
      }),
  }
  quietStreams.set(stream, made)
  return made
}

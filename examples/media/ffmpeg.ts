/**
 * Runs ffmpeg, tells how far it is by its own `-progress` lines and keeps its last words. It never outlives its run: an
 * abort kills it, the end of this process kills it, and where this process is killed, its own time limit ends it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ffmpegPath } from './ffmpeg-path.ts'
import { createListener, type Listener } from './ffmpeg-words.ts'

export type FfmpegOutcome =
  | { readonly kind: 'done'; readonly said: string }
  /** It ended by itself and was not content, as a rule with its input. */
  | { readonly kind: 'refused'; readonly lastWords: string }
  /** Something outside ended it or was in its way: another run may do better. */
  | { readonly kind: 'disturbed'; readonly lastWords: string }

export interface FfmpegRun {
  readonly args: readonly string[]
  /** Where relative names in `args` lie. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Called with the seconds of the output that are there. */
  readonly onSeconds?: (seconds: number) => void
}

/** Of processor time, so that an ffmpeg whose instance was killed does not go on for ever. */
const cpuSecondsMost = 7_200
const always = ['-nostdin', '-hide_banner', '-y', '-timelimit', String(cpuSecondsMost), '-progress', 'pipe:1']

/** Nothing that a video says may blame: the disk, memory, the number of open files. */
const machineWords = /No space left on device|Cannot allocate memory|Too many open files|Input\/output error/

export const runFfmpeg = async ({ args, folder, signal, onSeconds }: FfmpegRun): Promise<FfmpegOutcome> => {
  signal.throwIfAborted()
  const child = spawn(ffmpegPath(), [...always, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  process.on('exit', kill)
  try {
    const listener = createListener()
    const [{ code, killedBy }] = await Promise.all([
      ended(child),
      readProgress(child, onSeconds),
      readWords(child, listener),
    ])
    signal.throwIfAborted()
    return outcomeOf({ code, killedBy }, listener)
  } finally {
    signal.removeEventListener('abort', kill)
    process.off('exit', kill)
    kill()
  }
}

type Ffmpeg = ChildProcessByStdio<null, Readable, Readable>

interface Ended {
  readonly code: number | null
  readonly killedBy: NodeJS.Signals | null
}

const outcomeOf = ({ code, killedBy }: Ended, listener: Listener): FfmpegOutcome => {
  if (code === 0) return { kind: 'done', said: listener.said() }
  const lastWords = listener.lastWords()
  if (killedBy !== null) return { kind: 'disturbed', lastWords: `ffmpeg was ended by ${killedBy}` }
  if (machineWords.test(lastWords)) return { kind: 'disturbed', lastWords }
  return { kind: 'refused', lastWords: lastWords || `ffmpeg ended with code ${code} and said nothing` }
}

/** Rejects where the program cannot be started at all. */
const ended = (child: Ffmpeg): Promise<Ended> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, killedBy) => resolve({ code, killedBy }))
  })

const readProgress = async (child: Ffmpeg, onSeconds: FfmpegRun['onSeconds']): Promise<void> => {
  let seconds = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const now = outTimeOf(line)
    if (now === undefined || now <= seconds) continue
    seconds = now
    onSeconds?.(seconds)
  }
}

const readWords = async (child: Ffmpeg, listener: Listener): Promise<void> => {
  for await (const chunk of child.stderr) listener.hear(String(chunk))
}

const outTime = /^out_time=(\d+):(\d\d):(\d\d(?:\.\d+)?)/

/** The seconds that a line of `-progress` tells; none before the first frame, where ffmpeg says N/A or less than 0. */
export const outTimeOf = (line: string): number | undefined => {
  const [, hours, minutes, seconds] = outTime.exec(line) ?? []
  return seconds === undefined ? undefined : Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
}

import { readdirSync } from 'node:fs'
import { appendFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError } from '#core/contract/errors'
import type { LogLine } from '#core/contract/logs'
import type { TaskLife, TaskLogs } from '#core/ports'
import { hasCode, PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE } from './atomic-file.ts'
import { numbered, readNumbered, type Stored } from './log-lines.ts'

/**
 * What runs logged, one file a task life in the data folder, for people: appended in batches, never flushed to the disk
 * by hand, and never awaited by a run.
 *
 * Invariants:
 * 1. A life keeps its newest lines, at most `bytesMost`: two halves, and a full half pushes the older one out.
 * 2. Lines are numbered from 1 and never renumbered, so that a cursor holds over pushes and restarts, and what is
 *    missing can be counted.
 * 3. One operation at a time. What waits for it is bounded, by `pendingBytesMost` and by half a log: beyond that the oldest
 *    of it go, and are counted, since of a flood the end tells most.
 */

export interface TaskLogFilesOptions {
  readonly folder: string
  readonly bytesMost: number
  readonly pendingBytesMost?: number
  /** A disk that fails loses lines, nothing else. */
  readonly onFailed: (error: unknown) => void
}

export interface TaskLogFiles extends Pick<TaskLogs, 'remove'> {
  readonly read: (life: TaskLife, range: Parameters<TaskLogs['read']>[1]) => ReturnType<TaskLogs['read']>
  readonly append: (life: TaskLife, line: LogLine) => void
  /** Resolves when all that came before is in its file. */
  readonly settled: () => Promise<void>
}

interface State {
  /** The number of the last line, and the bytes of the newer half. */
  last: number
  bytes: number
}

interface Pending {
  readonly life: TaskLife
  /** Those that had to go hold their number. */
  readonly lines: (LogLine | undefined)[]
  gone: number
  bytes: number
}

const statesMost = 1_000

export function createTaskLogFiles(options: TaskLogFilesOptions): TaskLogFiles {
  const { folder, bytesMost, pendingBytesMost = 4_194_304, onFailed } = options
  const shards = new Set(shardsIn(folder))
  const states = new Map<string, State>()
  const pending = new Map<string, Pending>()
  let pendingBytes = 0
  let working: Promise<unknown> = Promise.resolve()

  const after = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = working.then(work)
    working = result.catch(() => undefined)
    return result
  }

  const stateOf = async (life: TaskLife): Promise<State> => {
    const name = nameOf(life)
    const known = states.get(name)
    if (known !== undefined) return known
    const stored = await readBoth(life)
    const state = { last: stored.at(-1)?.n ?? 0, bytes: await endWithLine(pathOf(life)) }
    states.set(name, state)
    for (const oldest of states.keys()) {
      if (states.size <= statesMost) break
      states.delete(oldest)
    }
    return state
  }

  const flush = async (name: string): Promise<void> => {
    const waiting = pending.get(name)
    if (waiting === undefined) return
    pending.delete(name)
    const { life, lines } = waiting
    pendingBytes -= waiting.bytes
    try {
      await mkdir(join(folder, shardOf(life)), { recursive: true, mode: PRIVATE_FOLDER_MODE })
      shards.add(shardOf(life))
      const state = await stateOf(life)
      let text = ''
      for (const line of lines) {
        state.last++
        if (line !== undefined) text += numbered(state.last, line)
      }
      const bytes = Buffer.byteLength(text)
      if (state.bytes > 0 && state.bytes + bytes > bytesMost / 2) {
        await rename(pathOf(life), olderOf(life))
        state.bytes = 0
      }
      await appendFile(pathOf(life), text, { mode: PRIVATE_FILE_MODE })
      state.bytes += bytes
    } catch (error) {
      // What is in the file now is looked at anew.
      states.delete(name)
      onFailed(error)
    }
  }

  const readBoth = async (life: TaskLife): Promise<readonly Stored[]> => {
    const texts = await Promise.all([textOf(olderOf(life)), textOf(pathOf(life))])
    return texts.flatMap(readNumbered)
  }

  const dropOldest = (waiting: Pending): void => {
    const dropped = bytesOf(waiting.lines[waiting.gone])
    waiting.lines[waiting.gone++] = undefined
    waiting.bytes -= dropped
    pendingBytes -= dropped
  }

  const pathOf = (life: TaskLife) => join(folder, shardOf(life), `${nameOf(life)}.log`)
  const olderOf = (life: TaskLife) => join(folder, shardOf(life), `${nameOf(life)}.old`)

  return {
    append: (life, line) => {
      const name = nameOf(life)
      const isNew = !pending.has(name)
      const waiting = pending.get(name) ?? { life, lines: [], gone: 0, bytes: 0 }
      const bytes = bytesOf(line)
      waiting.lines.push(line)
      waiting.bytes += bytes
      pendingBytes += bytes
      // Written half by half: no single flush may be longer than one.
      const isTooMuch = () => pendingBytes > pendingBytesMost || waiting.bytes > bytesMost / 2
      while (isTooMuch() && waiting.gone < waiting.lines.length) dropOldest(waiting)
      if (!isNew) return
      pending.set(name, waiting)
      void after(() => flush(name))
    },
    settled: () => after(async () => undefined),
    read: (life, { cursor, limit }) =>
      after(async () => {
        const behind = cursor === undefined ? 0 : readCursor(cursor)
        const stored = shards.has(shardOf(life)) ? await readBoth(life) : []
        const found = stored.filter(({ n }) => n > behind).slice(0, limit)
        const first = found[0]
        const last = found.at(-1)
        const leftOut = first === undefined ? 0 : first.n - behind - 1
        const next = last === undefined ? cursor : String(last.n)
        return {
          lines: found.map(({ line }) => line),
          ...(next === undefined ? {} : { cursor: next }),
          ...(leftOut > 0 ? { leftOut } : {}),
        }
      }),
    remove: async (life) => {
      if (!shards.has(shardOf(life)) && !pending.has(nameOf(life))) return
      await after(async () => {
        const waiting = pending.get(nameOf(life))
        pendingBytes -= waiting?.bytes ?? 0
        pending.delete(nameOf(life))
        states.delete(nameOf(life))
        await Promise.all([rm(pathOf(life), { force: true }), rm(olderOf(life), { force: true })])
      }).catch(onFailed)
    },
  }
}

function nameOf({ id, born }: TaskLife): string {
  return `${id}-${born}`
}

/** By the end of the id, which is chance: its beginning is the time. */
function shardOf({ id }: TaskLife): string {
  return id.slice(-2)
}

function shardsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

function bytesOf(line: LogLine | undefined): number {
  return line === undefined ? 0 : Buffer.byteLength(line.text) + lineBytes
}

/** What a line has beside its text: number, time, level, run. */
const lineBytes = 80

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  }
}

/** A line that a crash cut off gets its end, so that the next one begins a line of its own. Answers the file's bytes. */
async function endWithLine(path: string): Promise<number> {
  const text = await textOf(path)
  if (text !== '' && !text.endsWith('\n')) await appendFile(path, '\n')
  return text === '' ? 0 : (await stat(path)).size
}

function readCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new ApiError('bad-cursor', 'the cursor is none that this task’s logs gave')
}

/**
 * One hub a folder. The lock is a listening socket: the kernel closes it when the process dies, however it dies, and
 * whoever connects is told who holds it.
 *
 * Invariants:
 *  1. A hub listens on the folder's socket from before it touches the store until after.
 *  2. A socket that refuses connections belongs to a dead hub, unless its owner is between bind and listen. So both
 *     judging a socket dead and binding one happen under the start guard only.
 */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { guarded } from './start-guard.ts'

/** Longest socket path in bytes: macOS allows 103, Linux 107. */
const mostSocketPathBytes = 100
const askTimeoutMs = 1_000
const mostAnswerChars = 4_096

const holderSchema = z.object({
  pid: z.number().int(),
  endpoint: z.string().optional(),
  sinceMs: z.number(),
})

/** Who holds a folder, by its own word; `sinceMs` is the start of its process. */
export type Holder = Readonly<z.infer<typeof holderSchema>>

/** The folder's lock in hand, or who has it (unknown if it lives and does not answer). */
export type FolderLock =
  | {
      readonly ok: true
      /** Tells those who ask where this hub answers. */
      setEndpoint(endpoint: string): void
      release(): Promise<void>
    }
  | { readonly ok: false; readonly holder: Holder | undefined; readonly message: string }

/** Takes the lock of an existing `folder` for this process, or says who has it. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = socketPath(folder)
  // Asked first without the guard: so a second hub gets its answer although the first one's start is stuck.
  const answer = await ask(path)
  if (answer.kind === 'held') return refused(folder, answer.holder)
  const outcome = await guarded(folder, () => takeOver(folder, path))
  if (outcome.ok) return outcome.value
  const message = `another start in ${basename(folder)} has not come to an end: stop it, or remove ${outcome.waitedFor}`
  return { ok: false, holder: undefined, message }
}

/** The socket of a folder: in it, or, where its path is too long, under the system's folder for temporary files. */
export function socketPath(folder: string): string {
  const real = realpathSync(folder)
  const name = `taskurai-${createHash('sha256').update(real).digest('hex').slice(0, 24)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  const inFolder = join(real, 'hub.sock')
  return Buffer.byteLength(inFolder) <= mostSocketPathBytes ? inFolder : join(tmpdir(), `${name}.sock`)
}

async function takeOver(folder: string, path: string): Promise<FolderLock> {
  const answer = await ask(path)
  if (answer.kind === 'held') return refused(folder, answer.holder)
  if (answer.kind === 'stale') await rm(path, { force: true })
  const me: { pid: number; endpoint?: string; sinceMs: number } = {
    pid: process.pid,
    sinceMs: Math.trunc(performance.timeOrigin),
  }
  const server = await listen(path, me)
  // Only one starter comes here at a time, so whatever is bound there now is no hub that asked for the guard.
  if (server === undefined) return refused(folder, undefined)
  // The lock alone must not keep the process alive.
  server.unref()
  return {
    ok: true,
    setEndpoint: (endpoint) => {
      me.endpoint = endpoint
    },
    // Node removes the socket file when the server closes.
    release: () => new Promise((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
  }
}

function refused(folder: string, holder: Holder | undefined): FolderLock {
  const where = holder?.endpoint === undefined ? '' : `, ${holder.endpoint}`
  const who = holder === undefined ? '' : ` (pid ${holder.pid}${where})`
  const message = `another hub${who} already uses ${basename(folder)}: stop it or set TASKURAI_DATA`
  return { ok: false, holder, message }
}

type Answer = { readonly kind: 'held'; readonly holder: Holder | undefined } | { readonly kind: 'free' | 'stale' }

/** Asks the socket who holds it. Whoever accepts the connection is alive, even if it does not answer in time. */
function ask(path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(path)
    let text = ''
    const settle = (answer: Answer) => {
      connection.destroy()
      resolve(answer)
    }
    connection.setTimeout(askTimeoutMs, () => settle({ kind: 'held', holder: undefined }))
    connection.setEncoding('utf8')
    connection.on('data', (part: string) => {
      text += part
      if (text.length > mostAnswerChars) settle({ kind: 'held', holder: undefined })
    })
    connection.on('end', () => settle({ kind: 'held', holder: parseHolder(text) }))
    connection.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return settle({ kind: 'free' })
      if (cause.code === 'ECONNREFUSED') return settle({ kind: 'stale' })
      // A full backlog, or a reset while it answers: somebody is there.
      if (cause.code === 'EAGAIN' || cause.code === 'ECONNRESET') return settle({ kind: 'held', holder: undefined })
      reject(new Error(`cannot ask the lock of the data folder at ${path}`, { cause }))
    })
  })
}

function parseHolder(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Binds and listens; undefined if something else is bound there. */
function listen(path: string, me: object): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => {
      connection.on('error', () => connection.destroy())
      connection.end(JSON.stringify(me))
    })
    server.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EADDRINUSE') return resolve(undefined)
      reject(new Error(`cannot lock the data folder at ${path}`, { cause }))
    })
    server.listen(path, () => resolve(server))
  })
}

/** A Redis of the bench's own: a free port, a new folder, ended by its process. A running one is never touched. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { endProcess, makeFolder, ownProcess, removeFolder } from './processes.ts'
import { START_TIMEOUT_MS, within } from './subject.ts'

export type AppendFsync = 'everysec' | 'always'

export interface RedisServer {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/** How to get Redis, or undefined where it is there. */
export async function missingRedis(): Promise<string | undefined> {
  try {
    await promisify(execFile)('redis-server', ['--version'])
    return undefined
  } catch {
    return 'no redis-server: `apt-get update && apt-get install -y redis-server` (its service may stay stopped)'
  }
}

/**
 * The append-only file is what makes Redis durable, so it is on and snapshots are off: nothing is written twice.
 * Everything else stays at its default, the rewrite of a grown log included.
 */
export async function startRedis(folder: string, appendFsync: AppendFsync): Promise<RedisServer> {
  const ownFolder = await makeFolder(folder, 'redis')
  const port = await freePort()
  const durability = ['--appendonly', 'yes', '--appendfsync', appendFsync, '--save', '']
  const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', ownFolder, '--daemonize', 'no']
  const child = spawn('redis-server', [...place, ...durability], { stdio: ['ignore', 'pipe', 'inherit'] })
  ownProcess(child)
  await within(START_TIMEOUT_MS, 'starting Redis', accepting(child))
  const pid = child.pid
  if (pid === undefined) throw new Error('a Redis that accepts connections has a pid')
  return {
    pid,
    port,
    async stop() {
      await endProcess(child, 'SIGTERM')
      removeFolder(ownFolder)
    },
  }
}

function accepting(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    let ready = false
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (ready) return
      log += text
      ready = log.includes('Ready to accept connections')
      if (ready) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${log.slice(-500)}`)))
  })
}

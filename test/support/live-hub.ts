import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type { Head } from '#core/head'
import type { Scope } from '#core/live/scope'
import { createWatchToken } from '#core/live/token'
import { createTask } from '#core/tasks/create'
import { type HubOptions, openHub } from '#embedded/hub'
import type { Said } from './fake-sockets.ts'

/** An embedded hub in the process of the test, and watchers on real sockets. Nobody runs its tasks. */
export async function openLiveHub(options: Partial<HubOptions> = {}) {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'taskurai-live-')))
  const failures: unknown[] = []
  const fail = (error: unknown) => void failures.push(error)
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (event: string, fields?: object) => void failures.push([event, fields]),
  }
  const opened = await openHub({ durability: 'process', port: 0, log, onBroken: fail, ...options, dataFolder })
  if (opened.kind === 'refused') throw new Error(opened.message)
  const { hub } = opened
  const { world } = hub
  let isClosed = false
  const close = async () => {
    if (!isClosed) await hub.close()
    isClosed = true
  }
  return {
    ...{ hub, world, dataFolder, failures, close },
    task: async (task: object = {}): Promise<Head> => {
      const command = { worker: 'nobody', name: 'nothing', version: 1 }
      const creation = { task: { command: 'nothing', ...task }, command, by: 'ann', argumentsBytes: 0 }
      const outcome = await createTask(world, { ...creation, id: world.ids.next() })
      if (outcome.kind !== 'created') throw new Error(outcome.kind)
      return outcome.head
    },
    urlFor: async (scope: Scope, expiresInSeconds?: number) => {
      const secret = randomBytes(32).toString('base64url')
      const token = await createWatchToken(world, { scope, view: 'outline', by: 'ann', secret, expiresInSeconds })
      return { ...token, url: `${hub.endpoint.replace('http', 'ws')}/v1/live?token=${token.token}` }
    },
    [Symbol.asyncDispose]: async () => {
      await close()
      if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export interface LiveWatcher {
  readonly socket: WebSocket
  readonly said: Said[]
  readonly statuses: () => readonly string[]
  /** The HTTP status where it was not let in, or the code and reason of the close. */
  readonly over: Promise<{ readonly status?: number; readonly code?: number; readonly reason?: string }>
}

export function watchUrl(url: string, options: { readonly headers?: Record<string, string> } = {}): LiveWatcher {
  const socket = new WebSocket(url, options)
  const said: Said[] = []
  socket.on('message', (data) => void said.push(JSON.parse(String(data))))
  const over = new Promise<Awaited<LiveWatcher['over']>>((resolve) => {
    socket.on('unexpected-response', (_, response) => {
      resolve({ status: response.statusCode ?? 0 })
      socket.terminate()
    })
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    socket.on('error', () => undefined)
  })
  return {
    ...{ socket, said, over },
    statuses: () => said.flatMap(({ type, task }) => (type === 'task' ? [task.status] : [type])),
  }
}

import { randomBytes } from 'node:crypto'
import type { WatchView } from '#core/contract/live'
import type { Scope } from '#core/live/scope'
import { createWatchToken } from '#core/live/token'
import type { Change, Store } from '#core/ports'
import { sendFirstStates } from '#functions/live/first-states'
import { openConnection } from '#functions/live/open'
import { createPushChanges } from '#functions/live/push'
import { react } from '#functions/reactor/reactor'
import { register } from '../core/tasks/fixtures.ts'
import { createFakeSockets, type FakeSocket } from './fake-sockets.ts'
import { createMemoryWorld, type MemoryWorld } from './memory-world.ts'

/** A hub over memory whose tasks are watched: reactor and push follow when the test says so. */
export async function createLiveWorld() {
  const world = createMemoryWorld()
  await register(world)
  const sockets = createFakeSockets()
  const reads: string[] = []
  const parts = { world: { ...world, store: counted(world.store, reads) }, sockets }
  const push = createPushChanges(parts)
  let cursor: string | undefined
  let connections = 0

  async function tokenOf(scope: Scope, options: { view?: WatchView; expiresInSeconds?: number } = {}) {
    const secret = randomBytes(32).toString('base64url')
    return createWatchToken(world, { scope, view: 'outline', by: 'ann', secret, ...options })
  }

  /** As a home does it: written, connected, and then shown the first states. */
  async function connect(token: string): Promise<FakeSocket & { readonly id: string }> {
    const id = `c-${String(++connections).padStart(5, '0')}`
    const opened = await openConnection(world, sockets, { connectionId: id, token })
    if (opened.kind === 'refused') throw new Error(`${opened.code}: ${opened.detail}`)
    const socket = Object.assign(sockets.connect(id), { id })
    await sendFirstStates(parts, opened.connection)
    return socket
  }

  async function changes(): Promise<readonly Change[]> {
    const page = await world.memory.feed.read(cursor, 10_000)
    cursor = page.cursor
    return page.changes
  }

  /** What has changed since the last call is followed up: the directory's rows, then the watchers. */
  async function follow(): Promise<readonly Change[]> {
    const read = await changes()
    await react(world, { nudgeScaler: () => undefined }, read)
    await push(read)
    return read
  }

  return {
    ...{ world, sockets, parts, push, reads, tokenOf, connect, follow, changes },
    watch: async (scope: Scope, options: { view?: WatchView; expiresInSeconds?: number } = {}) => {
      const token = await tokenOf(scope, options)
      return Object.assign(await connect(token.token), { token })
    },
    items: (prefix: string) => [...world.memory.table.all()].filter(({ pk }) => pk.startsWith(prefix)),
  }
}

export type LiveWorld = Awaited<ReturnType<typeof createLiveWorld>>

function counted(store: Store, reads: string[]): Store {
  return {
    ...store,
    get: (key) => {
      reads.push(`${key.pk} ${key.sk}`)
      return store.get(key)
    },
    list: (range) => {
      reads.push(range.pk)
      return store.list(range)
    },
  }
}

export function taskScope({ id, born }: { readonly id: string; readonly born: string }): Scope {
  return { kind: 'task', taskId: id, born }
}

export function statesOf({ said }: FakeSocket): readonly string[] {
  return said.flatMap(({ type, task }) => (type === 'task' ? [task.status] : [type]))
}

export type { MemoryWorld }

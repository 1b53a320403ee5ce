import { describe, expect, it } from 'vitest'
import type { Head } from '#core/head'
import { readConnection } from '#core/live/connections'
import { markWatched } from '#core/live/mark'
import { versionText } from '#core/live/message'
import type { Scope } from '#core/live/scope'
import { patchTask } from '#core/tasks/change'
import { endRun } from '#core/tasks/end-run'
import { readHead } from '#core/tasks/move'
import { sendFirstStates } from '#functions/live/first-states'
import { openConnection } from '#functions/live/open'
import { createPushChanges } from '#functions/live/push'
import { react } from '#functions/reactor/reactor'
import { created, running } from '../../core/tasks/fixtures.ts'
import type { FakeSocket } from '../../support/fake-sockets.ts'
import { createInterleaved, everyOrder, type Played, type Turns } from '../../support/interleave.ts'
import { createLiveWorld, taskScope } from '../../support/live-world.ts'

/**
 * Somebody begins to watch while a task moves. Whatever the order of all calls of the two, he ends with the last state.
 * Each case is also played by one who does it in the wrong order, and then some order loses it: the test can fail.
 */

type World = Awaited<ReturnType<typeof createLiveWorld>>['world']
type LivePart = { readonly world: World; readonly sockets: Awaited<ReturnType<typeof createLiveWorld>>['sockets'] }
type Opener = (parts: LivePart, token: string) => Promise<void>

const connectionId = 'c'

const opens: Opener = async ({ world, sockets }, token) => {
  const opened = await openConnection(world, sockets, { connectionId, token })
  if (opened.kind !== 'open') throw new Error(opened.detail)
  sockets.connect(connectionId)
  await sendFirstStates({ world, sockets }, opened.connection)
}

interface Case {
  readonly prepare: (world: World) => Promise<Head | undefined>
  readonly scope: (head: Head | undefined) => Scope
  /** What happens meanwhile, followed up after each step. */
  readonly steps: (world: World, head: Head | undefined) => readonly (() => Promise<unknown>)[]
  readonly opener: Opener
  readonly isRowFirst?: boolean
}

/** @returns the orders in which the watcher ended without the last state */
async function lost(each: Case): Promise<{ readonly orders: number; readonly losses: readonly string[] }> {
  const losses: string[] = []
  const orders = await everyOrder(async (turns) => {
    const { played, loss } = await playOnce(each, turns)
    if (loss !== undefined) losses.push(`${turns.join(' ')}: ${loss}`)
    return played
  })
  return { orders, losses }
}

async function playOnce(each: Case, turns: Turns): Promise<{ readonly played: Played; readonly loss?: string }> {
  const { world, sockets, tokenOf, changes } = await createLiveWorld()
  const head = await each.prepare(world)
  await react(world, { nudgeScaler: () => undefined }, await changes())
  await changes()
  const { token } = await tokenOf(each.scope(head))
  const gates = createInterleaved()
  const opener: World = { ...world, store: gates.storeOf('a', world.store) }
  const mover: World = { ...world, store: gates.storeOf('b', world.store) }
  const follow = async (by: World) => {
    const push = createPushChanges({ world: by, sockets })
    const read = await changes()
    const rows = () => react(by, { nudgeScaler: () => undefined }, read)
    if (each.isRowFirst === false) {
      await push(read)
      return rows()
    }
    await rows()
    await push(read)
  }
  const works = {
    a: () => each.opener({ world: opener, sockets }, token),
    b: async () => {
      for (const step of each.steps(mover, head)) {
        await step()
        await follow(mover)
      }
    },
  }
  const played = await gates.play(works, turns)
  await follow(world)
  const isThere = (await readConnection(world, connectionId)) !== undefined
  return { played, ...(await lossOf(world, sockets.of(connectionId), isThere)) }
}

async function lossOf(world: World, socket: FakeSocket, isThere: boolean): Promise<{ readonly loss?: string }> {
  const tasks = [...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')
  const head = await readHead(world, tasks[0]?.pk.slice(2) ?? '')
  if (head === undefined) throw new Error('no task')
  const states = socket.said.filter(({ type }) => type === 'task')
  const last = states.reduce(
    (newest, state) => (newest === undefined || state.version > newest.version ? state : newest),
    undefined,
  )
  if (last === undefined) return { loss: 'it has seen nothing' }
  const isEnd = head.status === 'succeeded'
  if (last.task.status !== head.status || last.task.subject !== head.subject) {
    return { loss: `it has seen ${last.task.status} ${last.task.subject}, at ${last.version} of ${versionText(head)}` }
  }
  if (isEnd !== (socket.closed === 'ended') || isEnd === isThere) return { loss: `closed: ${socket.closed}` }
  return isEnd && socket.said.at(-1).type !== 'end' ? { loss: 'it has not been told the end' } : {}
}

const ofTask = {
  prepare: async (world: World) => (await running(world)).head,
  scope: (head: Head | undefined) => taskScope(head ?? { id: '', born: '' }),
}

const progress: Case = {
  ...ofTask,
  opener: opens,
  steps: (world, head) =>
    ['half', 'all'].map(
      (subject) => () => patchTask(world, { taskId: head?.id ?? '', by: 'ann', fields: { subject } }),
    ),
}

const end: Case = {
  ...ofTask,
  opener: opens,
  steps: (world, head) => [
    () => patchTask(world, { taskId: head?.id ?? '', by: 'ann', fields: { subject: 'half' } }),
    () => endRun(world, { taskId: head?.id ?? '', run: 'run1', end: { kind: 'succeed', result: { output: 1 } } }),
  ],
}

const birth: Case = {
  prepare: async () => undefined,
  scope: () => ({ kind: 'user', value: 'u-1' }),
  opener: opens,
  steps: (world) => [
    async () => {
      const { id } = await created(world, { task: { userId: 'u-1' } })
      return id
    },
    async () => {
      const [task] = [...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')
      await patchTask(world, { taskId: task?.pk.slice(2) ?? '', by: 'ann', fields: { subject: 'half' } })
    },
  ],
}

describe.each<[string, Case]>([
  ['a task that makes progress', progress],
  ['a task that ends', end],
  ['the user of a task that is born', birth],
])('who begins to watch %s', (_, each) => {
  it('ends with the last state in every order', { timeout: 120_000 }, async () => {
    const { orders, losses } = await lost(each)
    expect(losses).toEqual([])
    expect(orders).toBeGreaterThan(100)
  })
})

describe('the wrong order is found', () => {
  it('marked first, written after', { timeout: 120_000 }, async () => {
    const marksFirst: Opener = async ({ world, sockets }, token) => {
      const [task] = [...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')
      const taskId = task?.pk.slice(2) ?? ''
      const { text } = await firstText({ world, sockets }, taskId)
      const opened = await openConnection(world, sockets, { connectionId, token })
      if (opened.kind !== 'open') throw new Error(opened.detail)
      sockets.connect(connectionId).said.push(text)
    }
    expect((await lost({ ...progress, opener: marksFirst })).losses.length).toBeGreaterThan(0)
  })

  it('written and shown, and never marked', { timeout: 120_000 }, async () => {
    const marksNever: Opener = async ({ world, sockets }, token) => {
      const opened = await openConnection(world, sockets, { connectionId, token })
      if (opened.kind !== 'open') throw new Error(opened.detail)
      const [task] = [...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')
      const head = await readHead(world, task?.pk.slice(2) ?? '')
      if (head !== undefined) sockets.connect(connectionId).said.push(saidOf(head))
    }
    expect((await lost({ ...progress, opener: marksNever })).losses.length).toBeGreaterThan(0)
  })

  it('looked for watchers first, row written after', { timeout: 120_000 }, async () => {
    expect((await lost({ ...birth, isRowFirst: false })).losses.length).toBeGreaterThan(0)
  })
})

async function firstText({ world }: LivePart, taskId: string) {
  const head = await markWatched(world, { taskId, by: ['task'], needed: world.clock.now() + 60_000 })
  return { text: head === undefined ? undefined : saidOf(head) }
}

function saidOf(head: Head) {
  return { type: 'task', task: { status: head.status, subject: head.subject }, version: versionText(head) }
}

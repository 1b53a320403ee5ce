import { describe, expect, it, vi } from 'vitest'
import { type AbortReason, defineCommand, defineWorker, TaskAborted } from '#worker-runtime/index'
import { type Call, type FakeHub, startFakeHub } from '../../support/fake-hub.ts'
import { startInstance } from '../../support/instance.ts'

/** Steps and waits between a handler, the agent of its instance and the hub. */

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const waitFor = (isSo: () => boolean) => vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 60_000, interval: 20 })

/** A worker of two places, and what its handlers saw. */
function createWorld() {
  const seen: string[] = []
  const gates = new Map<string, () => void>()
  const gate = (name: string) => new Promise<void>((resolve) => gates.set(name, resolve))
  const note = (error: unknown) => {
    seen.push(error instanceof TaskAborted ? (error.reason satisfies AbortReason) : String(error))
    throw error
  }
  const worker = defineWorker({
    name: 'w',
    concurrency: 2,
    commands: [
      defineCommand({ name: 'step' }, async (ctx) => ctx.step('work', () => ctx.task.id)),
      defineCommand({ name: 'nap' }, async (ctx) => {
        ctx.signal.addEventListener('abort', () => seen.push(String(ctx.signal.reason.reason)))
        ctx.progress(40, 'before the nap')
        await ctx.sleep('nap', 3_600).catch(note)
        await ctx.sleep('other', 3_600)
        return 'awake'
      }),
      defineCommand({ name: 'gated' }, async (ctx) => ctx.step('work', () => gate('work')).catch(note)),
      defineCommand({ name: 'booking', runsOnCancel: true }, async (ctx) => {
        const seat = await ctx.step('book', () => 'another')
        await ctx.sleep('over', 1)
        seen.push(String(ctx.signal.aborted))
        await ctx.sleep('nap', 3_600).catch(() => ctx.step('give back', () => seat))
        return 'awake'
      }),
      defineCommand({ name: 'careless' }, (ctx) => ctx.step('nap', () => 1).catch(() => 'never mind')),
      defineCommand({ name: 'parts' }, async (ctx) => (await ctx.create('parts', [{ command: 'step' }])).length),
    ],
  })
  return { seen, gates, worker }
}

const entriesOf = (hub: FakeHub, op: string) => hub.opsOf(op).flatMap(({ body }) => body.runs ?? [])
const answered = (call: Call, outcome: string, more: object = {}) => ({
  runs: call.body.runs?.map(({ run }) => ({ run, outcome, ...more })),
})

describe('an instance', { timeout: 60_000 }, () => {
  it('tells the steps of runs that come together in one call, and answers each its own', async () => {
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, createWorld().worker)
    const tasks = [hub.add({ command: 'step' }), hub.add({ command: 'step' })]
    for (const task of tasks) expect(await hub.endOf(task)).toMatchObject({ result: { output: task } })
    expect(entriesOf(hub, 'step')).toHaveLength(2)
  })

  it('gives the place of a run back that can only wait, and tells its last progress before', async () => {
    await using hub = await startFakeHub()
    const { worker, seen } = createWorld()
    await using _instance = startInstance(hub, worker)
    for (let count = 0; count < 3; count++) hub.add({ command: 'nap' })
    await hub.until(() => entriesOf(hub, 'suspend').length === 3, 'three naps on two places')
    expect(await hub.endOf(hub.add({ command: 'step' }))).toMatchObject({ kind: 'succeed' })
    const [progress] = entriesOf(hub, 'renew')
    expect(progress).toMatchObject({ ticket: 't1', progress: { percent: 40 } })
    expect(entriesOf(hub, 'suspend')[0]?.ticket).toBeUndefined()
    expect(hub.ends.size).toBe(1)
    await waitFor(() => seen.length === 3)
    expect(seen).toEqual(['suspended', 'suspended', 'suspended'])
  })

  it('goes on with a run whose wait is over already', async () => {
    const records = ['nap', 'other'].map((id) => ({ id, kind: 'sleep', state: 'done' }))
    await using hub = await startFakeHub({
      answer: (call) => (call.op === 'suspend' ? answered(call, 'resolved', { records }) : undefined),
    })
    await using _instance = startInstance(hub, createWorld().worker)
    expect(await hub.endOf(hub.add({ command: 'nap' }))).toMatchObject({ result: { output: 'awake' } })
  })

  it('stops a run that is canceled or lost while it wants to wait', async () => {
    for (const [outcome, reason] of [
      ['cancel', 'cancel'],
      ['lost', 'lease-lost'],
    ]) {
      await using hub = await startFakeHub({
        answer: (call) => (call.op === 'suspend' ? answered(call, outcome ?? '') : undefined),
      })
      const { worker, seen } = createWorld()
      await using _instance = startInstance(hub, worker)
      const task = hub.add({ command: 'nap' })
      await waitFor(() => seen.length === 2)
      expect(seen).toEqual([reason, reason])
      if (outcome === 'cancel') expect(await hub.endOf(task)).toMatchObject({ kind: 'stop' })
      expect(await hub.endOf(hub.add({ command: 'step' }))).toMatchObject({ kind: 'succeed' })
      expect(hub.ends.has(task)).toBe(outcome === 'cancel')
    }
  })

  it('writes nothing of a step whose run was lost while it was done', async () => {
    await using hub = await startFakeHub()
    const { worker, seen, gates } = createWorld()
    await using _instance = startInstance(hub, worker)
    const task = hub.add({ command: 'gated' })
    await waitFor(() => gates.has('work'))
    hub.push({ push: 'lost', run: hub.runOf(task) })
    await later(200)
    gates.get('work')?.()
    await waitFor(() => seen.length === 1)
    expect(seen).toEqual(['lease-lost'])
    expect(await hub.endOf(hub.add({ command: 'step' }))).toMatchObject({ kind: 'succeed' })
    expect(entriesOf(hub, 'step').map(({ taskId }) => taskId)).not.toContain(task)
  })

  it('tells what a step gave although its task was canceled meanwhile', async () => {
    await using hub = await startFakeHub()
    const { worker, gates } = createWorld()
    await using _instance = startInstance(hub, worker)
    const task = hub.add({ command: 'gated' })
    await waitFor(() => gates.has('work'))
    hub.push({ push: 'cancel', run: hub.runOf(task) })
    await later(200)
    gates.get('work')?.()
    await hub.endOf(task)
    expect(entriesOf(hub, 'step')).toMatchObject([{ taskId: task, reports: [{ kind: 'done', id: 'work' }] }])
  })

  it('calls the handler of a canceled task that may undo what it did, also while its places are taken', async () => {
    const steps = [
      { id: 'book', kind: 'step', state: 'done', output: 'seat 7' },
      { id: 'over', kind: 'sleep', state: 'done' },
    ] as const
    await using hub = await startFakeHub()
    const { worker, seen, gates } = createWorld()
    await using _instance = startInstance(hub, worker)
    const undone = hub.add({ command: 'booking', steps, undo: 'canceled' })
    expect(await hub.endOf(undone)).toMatchObject({ kind: 'succeed' })
    const held = hub.add({ command: 'gated' })
    await waitFor(() => gates.has('work'))
    const later = hub.add({ command: 'booking', steps, undo: 'if-canceled' })
    await waitFor(() => entriesOf(hub, 'suspend').length === 1)
    expect(seen).toEqual(['true', 'false'])
    gates.get('work')?.()
    await hub.endOf(held)
    expect(entriesOf(hub, 'step').map(({ reports }) => reports?.[0])).toMatchObject([
      { kind: 'done', id: 'give back', output: 'seat 7' },
      { kind: 'done', id: 'work' },
    ])
    expect(hub.ends.has(later)).toBe(false)
  })

  it('fails a run whose code does something else than before, although its handler catches that', async () => {
    await using hub = await startFakeHub()
    await using _instance = startInstance(hub, createWorld().worker)
    const steps = [{ id: 'nap', kind: 'sleep', state: 'done' }] as const
    const end = await hub.endOf(hub.add({ command: 'careless', steps }))
    expect(end).toMatchObject({ kind: 'fail', error: { code: 'diverged', retryable: false } })
  })

  it('asks again with the same nonce when the connection breaks before the answer', async () => {
    const lost = new Set<string>()
    const isFirst = ({ op }: Call) => (op === 'step' || op === 'suspend') && !lost.has(op) && lost.add(op) !== undefined
    await using hub = await startFakeHub({ loses: isFirst })
    await using _instance = startInstance(hub, createWorld().worker)
    expect(await hub.endOf(hub.add({ command: 'step' }))).toMatchObject({ kind: 'succeed' })
    hub.add({ command: 'nap' })
    await hub.until(() => hub.opsOf('suspend').length === 2, 'the suspend again')
    for (const op of ['step', 'suspend']) {
      const nonces = hub.opsOf(op).map(({ body }) => body.nonce)
      expect(nonces).toEqual([nonces[0], nonces[0]])
    }
    expect(hub.opsOf('register').at(-1)?.body.runs).toHaveLength(1)
  })

  it('registers anew where the hub has forgotten it, and tells the step again', async () => {
    let forgets = true
    const problem = ({ op }: Call) => {
      if (op !== 'step' || !forgets) return undefined
      forgets = false
      return { code: 'not-registered', detail: 'who are you' }
    }
    await using hub = await startFakeHub({ problem })
    await using _instance = startInstance(hub, createWorld().worker)
    expect(await hub.endOf(hub.add({ command: 'step' }))).toMatchObject({ kind: 'succeed' })
    expect(hub.opsOf('register')).toHaveLength(2)
  })

  it('says at the end that there are sub tasks, of this run or an earlier one', async () => {
    const answer = (call: Call) => (call.op === 'step' ? answered(call, 'owned', { ids: ['c'] }) : undefined)
    await using hub = await startFakeHub({ answer })
    await using _instance = startInstance(hub, createWorld().worker)
    expect(await hub.endOf(hub.add({ command: 'parts' }))).toMatchObject({ result: { output: 1 }, children: true })
    const steps = [{ id: 'parts', kind: 'create', state: 'done', count: 1 }] as const
    const gone = hub.add({ command: 'unknown', steps, born: 'b' })
    expect(await hub.endOf(gone)).toMatchObject({ kind: 'fail', children: true })
  })
})

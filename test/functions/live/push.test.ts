import { describe, expect, it } from 'vitest'
import { isRetrySk } from '#core/keys'
import { cancelTask, patchTask, retryTask } from '#core/tasks/change'
import { endRun } from '#core/tasks/end-run'
import { readHead } from '#core/tasks/move'
import { renewRun } from '#core/tasks/renew'
import { tickDue } from '#functions/clock/clock'
import { repeatPush } from '#functions/live/repeat-push'
import { claimWith, created, receive, running } from '../../core/tasks/fixtures.ts'
import { createLiveWorld, statesOf, taskScope } from '../../support/live-world.ts'

const succeed = { kind: 'succeed', result: { output: { total: 3 } } } as const
const hourMs = 3_600_000

describe('who watches a task', () => {
  it('sees it as it is, then every move and progress, and its end; then the connection is over', async () => {
    const { world, watch, follow, items } = await createLiveWorld()
    const head = await created(world)
    const watcher = await watch(taskScope(head))
    expect(statesOf(watcher)).toEqual(['queued'])
    await follow()
    const bell = await receive(world)
    if (bell === undefined) throw new Error('no bell')
    await claimWith(world, bell)
    await follow()
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1', progress: { percent: 40, message: 'milling' } })
    await follow()
    expect(watcher.said.at(-1).task.progress).toMatchObject({ percent: 40, message: 'milling' })
    await endRun(world, { taskId: head.id, run: 'run1', end: succeed })
    await follow()
    expect(statesOf(watcher)).toEqual(['queued', 'running', 'running', 'succeeded', 'end'])
    expect(watcher.said[3].task.result).toEqual({ output: { total: 3 } })
    expect(watcher.closed).toBe('ended')
    expect(items('WS#')).toEqual([])
    expect(items('WC#')).toEqual([])
  })

  it('sees versions that rise as text, over more writes than one digit counts', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const head = await created(world)
    const watcher = await watch(taskScope(head))
    for (let round = 0; round < 12; round++) {
      await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: `round ${round}` } })
      await follow()
    }
    const versions = watcher.said.map(({ version }) => version)
    expect(versions.length).toBe(13)
    expect([...versions].sort()).toEqual(versions)
    expect(new Set(versions).size).toBe(13)
  })

  it('hears of many changes in one batch once, as they left it', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const head = await created(world)
    const watcher = await watch(taskScope(head))
    for (const subject of ['a', 'b', 'c']) await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject } })
    await follow()
    expect(watcher.said.map(({ task }) => task.subject)).toEqual([undefined, 'c'])
  })

  it('is not bothered with what nobody can see: a renewal of the lease, the mark itself', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const { head } = await running(world)
    const watcher = await watch(taskScope(head))
    await world.clock.advance(20_000)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    await follow()
    expect(statesOf(watcher)).toEqual(['running'])
  })

  it('gets the last state and the end of a task that is over, which is not marked for it', async () => {
    const { world, watch } = await createLiveWorld()
    const head = await created(world)
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    const watcher = await watch(taskScope(head))
    expect(statesOf(watcher)).toEqual(['canceled', 'end'])
    expect((await readHead(world, head.id))?.watched).toBeUndefined()
  })

  it('gets the end at once where the id is another life by now', async () => {
    const { world, watch } = await createLiveWorld()
    const head = await created(world)
    const watcher = await watch({ kind: 'task', taskId: head.id, born: 'another' })
    expect(statesOf(watcher)).toEqual(['end'])
  })

  it('gets nothing of a record that comes again after the task was begun anew', async () => {
    const { world, watch, follow, push } = await createLiveWorld()
    const head = await created(world)
    await watch(taskScope(head))
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    const told = await follow()
    await retryTask(world, { taskId: head.id, by: 'ann' })
    const watcher = await watch(taskScope(head))
    await push(told)
    expect(statesOf(watcher)).toEqual(['queued', 'queued'])
    expect(watcher.closed).toBeUndefined()
  })

  it('comes back with the same token and gets the state anew', async () => {
    const { world, watch, connect, follow } = await createLiveWorld()
    const head = await created(world)
    const watcher = await watch(taskScope(head))
    watcher.takes = 'gone'
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'moved on' } })
    await follow()
    const again = await connect(watcher.token.token)
    expect(again.said.map(({ task }) => task.subject)).toEqual(['moved on'])
  })
})

describe('a task that nobody watches', () => {
  it('costs the push no read, from its birth to its end', async () => {
    const { world, reads, push, changes } = await createLiveWorld()
    const { head } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1', progress: { percent: 10 } })
    await endRun(world, {
      taskId: head.id,
      run: 'run1',
      end: { kind: 'succeed', result: { output: 'x'.repeat(3_000) } },
    })
    const all = await changes()
    expect(all.length).toBeGreaterThan(4)
    await push(all)
    expect(reads).toEqual([])
  })

  it('costs one look a subject at its birth where it names one, and none after that', async () => {
    const { world, reads, push, changes } = await createLiveWorld()
    const head = await created(world, { task: { userId: 'u-1', correlationId: 'order-7' } })
    await push(await changes())
    expect(reads.map((pk) => pk.split('#').slice(0, 2).join('#'))).toEqual(['WS#user', 'WS#correlation'])
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'x' } })
    await push(await changes())
    expect(reads.length).toBe(2)
  })

  it('costs nothing again when the mark is over', async () => {
    const { world, watch, reads, push, changes } = await createLiveWorld()
    const head = await created(world)
    await watch(taskScope(head))
    await world.clock.advance(4 * hourMs)
    await changes()
    reads.length = 0
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'x' } })
    await push(await changes())
    expect(reads).toEqual([])
  })
})

describe('a watcher', () => {
  it('that is gone is forgotten, and keeps nobody from being told', async () => {
    const { world, watch, follow, items } = await createLiveWorld()
    const head = await created(world)
    const [gone, there] = [await watch(taskScope(head)), await watch(taskScope(head))]
    await world.clock.advance(60_000)
    gone.takes = 'gone'
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'x' } })
    await follow()
    expect(there.said.length).toBe(2)
    expect(items('WS#').map(({ sk }) => sk)).toEqual([`CONN#${there.id}`])
  })

  it('that was written a moment ago and does not stand yet is not taken for gone', async () => {
    const { world, watch, follow, items } = await createLiveWorld()
    const head = await created(world)
    const young = await watch(taskScope(head))
    young.takes = 'gone'
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'x' } })
    await follow()
    expect(items('WS#').length).toBe(1)
  })

  it('that never answers holds up the batch for its own time limit, and the others not at all', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const head = await created(world)
    const [stuck, there] = [await watch(taskScope(head)), await watch(taskScope(head))]
    stuck.takes = 'hangs'
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'x' } })
    let isDone = false
    const following = follow().then(() => {
      isDone = true
    })
    await world.clock.advance(1_000)
    expect([there.said.length, isDone]).toEqual([2, false])
    await world.clock.advance(2_000)
    await following
    expect(isDone).toBe(true)
  })

  it('whose token is over is told so at the next change, and shown nothing of it', async () => {
    const { world, watch, follow, items } = await createLiveWorld()
    const head = await created(world)
    const watcher = await watch(taskScope(head), { expiresInSeconds: 60 })
    await world.clock.advance(61_000)
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'secret' } })
    await follow()
    expect(watcher.said.at(-1)).toMatchObject({ type: 'refused', code: 'token-expired' })
    expect([watcher.closed, items('WS#').length]).toEqual(['token-expired', 0])
  })
})

describe('an end that a watcher could not be told', () => {
  async function createUntold() {
    const live = await createLiveWorld()
    const head = await created(live.world)
    const [deaf, there] = [await live.watch(taskScope(head)), await live.watch(taskScope(head))]
    deaf.takes = 'failed'
    await cancelTask(live.world, { taskId: head.id, by: 'ann' })
    await live.follow()
    const { world, parts } = live
    return {
      ...{ ...live, head, deaf, there },
      left: () => [...world.memory.table.all()].filter(({ sk }) => isRetrySk(sk)),
      tick: () => tickDue(world, { onOther: (key) => repeatPush(parts, key) }),
    }
  }

  it('is left for the clock, which tells it to that one alone', async () => {
    const { world, deaf, there, left, tick } = await createUntold()
    expect(statesOf(there)).toEqual(['queued', 'canceled', 'end'])
    expect(left().length).toBe(1)
    await world.clock.advance(61_000)
    deaf.takes = 'sent'
    await tick()
    expect(statesOf(deaf)).toEqual(['queued', 'canceled', 'end'])
    expect(there.said.length).toBe(3)
    expect(left()).toEqual([])
  })

  it('is tried again with longer pauses, and given up when no connection can be left', async () => {
    const { world, left, tick } = await createUntold()
    const looked: number[] = []
    for (let minute = 0; minute < 250 && left().length > 0; minute++) {
      await world.clock.advance(60_001)
      looked.push(await tick())
    }
    expect(left()).toEqual([])
    expect(looked.filter((count) => count > 0).length).toBeLessThan(10)
  })

  it('is left too where the store was away for the look, and a state that is not an end is not', async () => {
    const { world, watch, changes, parts, push } = await createLiveWorld()
    const head = await created(world)
    const watcher = await watch(taskScope(head))
    await changes()
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    const { list } = parts.world.store
    Object.assign(parts.world.store, { list: () => Promise.reject(new Error('away')) })
    await push(await changes())
    Object.assign(parts.world.store, { list })
    await world.clock.advance(61_000)
    await tickDue(world, { onOther: (key) => repeatPush(parts, key) })
    expect(statesOf(watcher)).toEqual(['queued', 'canceled', 'end'])
    const other = await created(world)
    const deaf = await watch(taskScope(other))
    deaf.takes = 'failed'
    await changes()
    await patchTask(world, { taskId: other.id, by: 'ann', fields: { subject: 'x' } })
    await push(await changes())
    expect([...world.memory.table.all()].filter(({ sk }) => isRetrySk(sk))).toEqual([])
  })
})

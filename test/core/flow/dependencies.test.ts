import { describe, expect, it } from 'vitest'
import { dependencyFaults } from '#core/flow/check-dependencies'
import { dependencyEnded, waitingForDependencies } from '#core/flow/dependencies'
import { removeTask } from '#core/tasks/change'
import { aHead } from '../../support/heads.ts'
import { createDependencyHub } from './dependency-hub.ts'

const minuteMs = 60_000

describe('a task that depends on others', () => {
  it('waits without a bell, guarded by the clock, and says how far they are', async () => {
    const hub = createDependencyHub()
    const [a, b] = [await hub.create(), await hub.create()]
    const c = await hub.create([a, b, a])
    const head = await hub.head(c)
    expect(head).toMatchObject({
      status: 'waiting',
      due: head.createdAt + minuteMs,
      flow: { dependencies: { count: 2, onFailure: 'fail', isOpen: true } },
    })
    expect([...hub.world.memory.queue.all('mill')].map(({ taskId }) => taskId)).toEqual([a, b])
    await hub.cancel(b)
    const open = await hub.create([a])
    await hub.follow()
    expect(await waitingForDependencies(hub.world, await hub.head(open))).toEqual({
      kind: 'dependencies',
      message: '0 of 1 dependency has ended',
    })
  })

  it('runs after all of a diamond before it, each once', async () => {
    const hub = createDependencyHub()
    const top = await hub.create()
    const sides = [await hub.create([top]), await hub.create([top])]
    const bottom = await hub.create(sides)
    expect(await hub.work()).toEqual([top, ...sides, bottom])
    expect(await hub.head(bottom)).toMatchObject({ status: 'succeeded', flow: { dependencies: { isOpen: false } } })
    expect(hub.items('WAITER#')).toEqual([])
  })

  it('runs at the end of a chain', async () => {
    const hub = createDependencyHub()
    const chain = [await hub.create()]
    for (let links = 1; links < 30; links++) chain.push(await hub.create(chain.slice(-1)))
    expect(await hub.work()).toEqual(chain)
  })

  it('joins 499 of them, whose ends come all at once', async () => {
    const hub = createDependencyHub()
    const many: string[] = []
    for (let count = 0; count < 499; count++) many.push(await hub.create())
    const last = await hub.create(many)
    expect((await hub.work()).at(-1)).toBe(last)
    expect(hub.ran).toHaveLength(500)
  })

  it('takes all that was kept of them along when it goes', async () => {
    const hub = createDependencyHub()
    const many: string[] = []
    for (let count = 0; count < 250; count++) many.push(await hub.create())
    const last = await hub.create(many)
    await hub.work()
    for (const id of [...many, last]) await removeTask(hub.world, id)
    await hub.follow()
    expect([...hub.world.memory.table.all()].filter(({ pk }) => !pk.startsWith('D#'))).toEqual([])
  })

  it('starts at once where they had ended before', async () => {
    const hub = createDependencyHub()
    const a = await hub.create()
    await hub.work()
    const b = await hub.create([a])
    expect(await hub.status(b)).toBe('queued')
    expect(hub.items('WAITER#')).toEqual([])
    expect(await hub.work()).toEqual([b])
  })

  it('keeps to its start, which a patch may move, after they have ended', async () => {
    const hub = createDependencyHub()
    const a = await hub.create()
    const soon = await hub.create([a], { startAfter: { seconds: 600 } })
    const late = await hub.create([a], { startAfter: { seconds: 7_200 } })
    await hub.work()
    expect([await hub.status(soon), await hub.status(late)]).toEqual(['queued', 'waiting'])
    await hub.pass(10 * minuteMs)
    expect(await hub.work()).toEqual([soon])
    await hub.pass(110 * minuteMs)
    expect(await hub.work()).toEqual([late])
  })

  it('expires with its start window, whatever it waits for', async () => {
    const hub = createDependencyHub()
    const a = await hub.create([], { startAfter: { seconds: 7_200 } })
    const b = await hub.create([a], { notStartAfter: { seconds: 600 } })
    await hub.pass(12 * minuteMs)
    expect(await hub.status(b)).toBe('expired')
  })
})

describe('a dependency that does not succeed', () => {
  it('fails its dependents with 424, a word of why, and so down the line', async () => {
    const hub = createDependencyHub()
    const a = await hub.create()
    const b = await hub.create([a])
    const c = await hub.create([b])
    await hub.work([a])
    const head = await hub.head(b)
    const message = `the dependency mill.grind (${a}) failed with 500: a stone in the grain`
    expect(head).toMatchObject({ status: 'failed', statusCode: 424, error: { code: 'dependency-failed', message } })
    expect((await hub.head(c)).error?.message).toContain(`(${b}) failed with 424: the dependency mill.grind (${a})`)
    expect(hub.ran).toEqual([a])
  })

  it('fails them at once, while others go on', async () => {
    const hub = createDependencyHub()
    const [a, b] = [await hub.create(), await hub.create([], { startAfter: { seconds: 600 } })]
    const c = await hub.create([a, b])
    await hub.work([a])
    expect([await hub.status(c), await hub.status(b)]).toEqual(['failed', 'queued'])
  })

  it('counts as ended where its dependent would continue', async () => {
    const hub = createDependencyHub()
    const [a, b] = [await hub.create(), await hub.create()]
    const c = await hub.create([a, b], { onDependencyFailure: 'continue' })
    expect(await hub.work([a])).toEqual([a, b, c])
  })

  it('may be canceled, before or after', async () => {
    const hub = createDependencyHub()
    const [a, b] = [await hub.create(), await hub.create()]
    const before = await hub.create([a])
    await hub.cancel(a)
    await hub.follow()
    const after = await hub.create([a])
    const other = await hub.create([a, b], { onDependencyFailure: 'continue' })
    for (const id of [before, after]) {
      expect(await hub.head(id)).toMatchObject({ status: 'failed', statusCode: 424 })
      expect((await hub.head(id)).error?.message).toContain('canceled with 499')
    }
    expect(await hub.work()).toEqual([b, other])
  })

  it('may be gone unseen, which is as good as failed', async () => {
    const hub = createDependencyHub()
    const a = await hub.create()
    const b = await hub.create([a])
    await hub.world.clock.advance(1)
    await hub.cancel(a)
    await removeTask(hub.world, a)
    hub.missAll()
    await hub.pass(2 * minuteMs)
    expect(await hub.head(b)).toMatchObject({
      statusCode: 424,
      error: { message: `the dependency ${a} is not there any more` },
    })
  })

  it('may be gone after it was seen to succeed', async () => {
    const hub = createDependencyHub()
    const [a, b] = [await hub.create(), await hub.create([], { startAfter: { seconds: 600 } })]
    const c = await hub.create([a, b])
    await hub.work()
    await removeTask(hub.world, a)
    await hub.pass(11 * minuteMs)
    expect(await hub.work()).toEqual([b, c])
  })

  it('is looked at again when its dependent is retried after it', async () => {
    const hub = createDependencyHub()
    const a = await hub.create()
    const b = await hub.create([a])
    await hub.work([a])
    await hub.retry(a)
    await hub.retry(b)
    expect(await hub.status(b)).toBe('waiting')
    await hub.tick()
    expect(await hub.status(b)).toBe('waiting')
    expect(await hub.work()).toEqual([a, b])
    expect(await hub.head(b)).toMatchObject({ status: 'succeeded', flow: { era: 1 } })
  })

  it('fails its dependent again when that alone is retried', async () => {
    const hub = createDependencyHub()
    const a = await hub.create()
    const b = await hub.create([a])
    await hub.work([a])
    await hub.retry(b)
    await hub.tick()
    expect(await hub.head(b)).toMatchObject({ status: 'failed', statusCode: 424, flow: { era: 1 } })
  })

  it('is not believed by an old record once it was begun anew', async () => {
    const hub = createDependencyHub()
    const a = await hub.create()
    const b = await hub.create([a])
    await hub.work([a])
    const old = await hub.head(a)
    await hub.retry(a)
    await hub.retry(b)
    await hub.tick()
    await dependencyEnded(hub.world, [old])
    expect(await hub.status(b)).toBe('waiting')
    expect(await hub.work()).toEqual([a, b])
  })
})

describe('what was lost on the way', () => {
  it('an end that the reactor never told is found by the clock, ever more seldom', async () => {
    const hub = createDependencyHub()
    const a = await hub.create([], { startAfter: { seconds: 7_200 } })
    const b = await hub.create([a])
    await hub.pass(minuteMs)
    expect(await hub.head(b)).toMatchObject({ flow: { looks: 1 }, due: hub.world.clock.now() + 5 * minuteMs })
    await hub.pass(5 * minuteMs)
    expect(await hub.head(b)).toMatchObject({ flow: { looks: 2 }, due: hub.world.clock.now() + 10 * minuteMs })
    await hub.cancel(a)
    hub.missAll()
    await hub.pass(10 * minuteMs)
    expect(await hub.status(b)).toBe('failed')
  })

  it.each([1, 2, 3, 4, 5, 6, 7])('the creator dies at its write %i: the clock wires', async (write) => {
    for (const how of ['before', 'after'] as const) {
      const hub = createDependencyHub()
      const [a, b] = [await hub.create(), await hub.create()]
      hub.world.upsets.push(...Array.from({ length: write - 1 }, () => undefined), how)
      const made = await hub.create([a, b]).catch(() => undefined)
      hub.world.upsets.length = 0
      const [c] = hub.heads().filter(({ flow }) => flow?.dependencies !== undefined)
      expect(c === undefined).toBe(write === 1 && how === 'before')
      if (write > 1) expect(made).toBe(c?.id)
      await hub.work()
      await hub.pass(2 * minuteMs)
      await hub.work()
      if (c !== undefined) expect(hub.ran).toEqual([a, b, c.id])
    }
  })

  it('an end told twice, or to a dependent that is gone, does no harm', async () => {
    const hub = createDependencyHub()
    const [a, b] = [await hub.create(), await hub.create()]
    const both = await hub.create([a, b])
    const gone = await hub.create([b])
    await hub.cancel(gone)
    await removeTask(hub.world, gone)
    await hub.work()
    await dependencyEnded(hub.world, [await hub.head(a), await hub.head(a), await hub.head(b)])
    expect(await hub.work()).toEqual([])
    expect(hub.ran).toEqual([a, b, both])
    expect(hub.items('WAITER#')).toEqual([])
  })
})

describe('what may be depended on', () => {
  it('is a task that is there, and neither itself nor above it', async () => {
    const hub = createDependencyHub()
    const { world } = hub
    const [root, middle, other] = [await hub.create(), await hub.create(), await hub.create()]
    const place = { step: 's', index: 0, count: 1, era: 0, onEnd: 'cancel' } as const
    const parent = aHead({ id: middle, flow: { parent: { id: root, born: 'b', depth: 1, ...place } } })
    const unknown = world.ids.next()
    const own = world.ids.next()
    const dependsOn = [other, 'ref', unknown, root, middle, own]
    const faults = await dependencyFaults(world, { dependsOn, taskId: own, parent })
    expect(faults).toEqual([
      { index: 1, message: "'ref' is no id of a task; a ref names a task of the same batch" },
      { index: 2, message: `there is no task ${unknown}` },
      { index: 3, message: `${root} is an ancestor of this task, which waits for it in turn` },
      { index: 4, message: `${middle} is an ancestor of this task, which waits for it in turn` },
      { index: 5, message: 'is the task itself' },
    ])
  })
})

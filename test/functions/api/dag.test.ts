import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import type { Task } from '#core/contract/task'
import { rollForward } from '#core/flow/batch'
import { batchIdOf, headSk, isBatchPk } from '#core/keys'
import { type ApiWorld, createOrdersWorld, order } from './api-world.ts'
import { createFilesWorld } from './files-world.ts'

const keyed = (key: string) => ({ 'idempotency-key': key })
const task = (ref?: string, ...dependsOn: string[]) => ({
  command: 'free',
  ...(ref === undefined ? {} : { ref }),
  ...(dependsOn.length === 0 ? {} : { dependsOn }),
})
const diamond = [task('top'), task('left', 'top'), task('right', 'top'), task('bottom', 'left', 'right')]

const post = ({ call }: ApiWorld, tasks: readonly object[], headers: Record<string, string> = {}) =>
  call('POST', '/v1/tasks/batch', { tasks }, headers)

async function runAll(apiWorld: ApiWorld): Promise<readonly string[]> {
  const ran: string[] = []
  for (;;) {
    await apiWorld.settle()
    if ((await apiWorld.world.queue.depth('orders')).visible === 0) return ran
    ran.push(await apiWorld.runNext('orders'))
  }
}

const headsIn = ({ world }: ApiWorld) => [...world.memory.table.all()].filter(({ sk }) => sk === headSk)

describe('a batch with refs', () => {
  it('is a whole graph in one call, in any order', async () => {
    const apiWorld = await createOrdersWorld()
    const answer = await post(apiWorld, [...diamond].reverse())
    expect(answer.status).toBe(202)
    const tasks: readonly Task[] = answer.json.tasks
    expect(tasks.map(({ status }) => status)).toEqual(['waiting', 'waiting', 'waiting', 'queued'])
    expect(tasks.map(({ dependencies }) => dependencies)).toEqual([2, 1, 1, undefined])
    const ran = await runAll(apiWorld)
    expect(ran[0]).toBe(tasks[3]?.id)
    expect(ran[3]).toBe(tasks[0]?.id)
    expect(ran).toHaveLength(4)
  })

  it('mixes refs with ids, arguments with none, and what depends on nothing', async () => {
    const apiWorld = await createOrdersWorld()
    const before = (await apiWorld.call('POST', '/v1/tasks', order())).json.id
    const answer = await post(apiWorld, [{ ...order('o-2'), ref: 'a' }, task(undefined, before, 'a', 'a'), task()])
    expect(answer.json.tasks).toMatchObject([
      { status: 'queued', arguments: { orderId: 'o-2' } },
      { status: 'waiting', dependencies: 2 },
      { status: 'queued' },
    ])
    expect((await runAll(apiWorld)).at(-1)).toBe(answer.json.tasks[1].id)
  })

  it('brings files, which its tasks hold from the moment it is accepted', async () => {
    const hub = await createFilesWorld()
    const payload = await hub.upload('sheep')
    const large = await hub.upload('{"orderId":"o-9"}')
    const apart = { command: 'order.confirm', argumentsPayload: large }
    const tasks = [
      { ...task('a'), files: [{ name: 'sheep.txt', payload }] },
      { ...apart, dependsOn: ['a'] },
    ]
    const { json } = await post(hub, tasks, keyed('k-1'))
    expect(json.tasks).toMatchObject([{ files: [{ name: 'sheep.txt' }] }, { argumentsApart: true }])
    const unknown = [{ ...task('a'), files: [{ name: 'x', payload: hub.world.ids.next() }] }, task('b', 'a')]
    const refused = await post(hub, unknown)
    expect(refused).toMatchObject({ status: 422, json: { issues: [{ field: '/tasks/0/files/0/payload' }] } })
    for (const { id } of json.tasks) {
      const got = await hub.raw('GET', `/v1/tasks/${id}/files/${id === json.tasks[0].id ? 'sheep.txt' : '.arguments'}`)
      expect(got.status).toBe(200)
    }
    const again = await post(hub, tasks, keyed('k-1'))
    expect(again.json.tasks.map(({ id }: Task) => id)).toEqual(json.tasks.map(({ id }: Task) => id))
  })

  it('takes the command from the path', async () => {
    const apiWorld = await createOrdersWorld()
    const tasks = [{ ref: 'a' }, { dependsOn: ['a'] }]
    const answer = await apiWorld.call('POST', '/v1/commands/free/tasks/batch', { tasks })
    expect(answer).toMatchObject({ status: 202, json: { tasks: [{ command: 'free' }, { status: 'waiting' }] } })
  })

  it.each([
    ['a ref that nobody has', [task('a'), task('b', 'c')], '/tasks/1/dependsOn/0', "has the ref 'c'"],
    [
      'a task that is not there',
      [task('a'), task('b', 'a', '0'.repeat(26))],
      '/tasks/1/dependsOn/1',
      'there is no task',
    ],
    ['itself', [task('a', 'a')], '/tasks/0/dependsOn/0', 'is the task itself'],
    [
      'a circle',
      [task('x'), task('a', 'x', 'c'), task('b', 'a'), task('c', 'b')],
      '/tasks/1/dependsOn/1',
      'a → c → b → a',
    ],
    ['one ref twice', [task('a'), task('a')], '/tasks/1/ref', "'a' is the ref of /tasks/0 already"],
    ['a ref like an id', [task('0'.repeat(26))], '/tasks/0/ref', 'may not look like the id of a task'],
    ['a ref with a space', [task('a b')], '/tasks/0/ref', 'a ref has letters'],
  ])('is refused with %s, and nothing is made', async (_, tasks, field, message) => {
    const apiWorld = await createOrdersWorld()
    const answer = await post(apiWorld, tasks)
    expect(answer.status).toBe(422)
    expect(answer.json.issues).toHaveLength(1)
    expect(answer.json.issues[0].field).toBe(field)
    expect(answer.json.issues[0].message).toContain(message)
    expect(headsIn(apiWorld)).toEqual([])
  })

  it('is refused as any batch where arguments do not fit', async () => {
    const apiWorld = await createOrdersWorld()
    const answer = await post(apiWorld, [task('a'), { command: 'order.confirm', arguments: {}, dependsOn: ['a'] }])
    expect(answer.json).toMatchObject({ code: 'invalid-arguments', issues: [{ field: '/tasks/1/arguments/orderId' }] })
    expect(headsIn(apiWorld)).toEqual([])
  })

  it('has at most so many dependencies in all', async () => {
    const apiWorld = await createOrdersWorld()
    const names = Array.from({ length: 150 }, (_, index) => `r${index}`)
    const answer = await post(
      apiWorld,
      names.map((name, index) => task(name, ...names.slice(0, index))),
    )
    expect(answer.json.issues[0].message).toContain(`at most ${limits.batchDependencies} (limit batchDependencies)`)
  })

  it('may be a chain of as many as a batch has', async () => {
    const apiWorld = await createOrdersWorld()
    const chain = Array.from({ length: limits.batchTasks }, (_, at) =>
      at === 0 ? task('r0') : task(`r${at}`, `r${at - 1}`),
    )
    const answer = await post(apiWorld, chain, { prefer: 'return=minimal' })
    expect(answer.json.tasks).toHaveLength(limits.batchTasks)
    expect(await runAll(apiWorld)).toEqual(answer.json.tasks.map(({ id }: Task) => id))
  })
})

describe('the same graph under its key', () => {
  it('is made once, whatever became of it', async () => {
    const apiWorld = await createOrdersWorld()
    const first = await post(apiWorld, diamond, keyed('k-1'))
    await runAll(apiWorld)
    const again = await post(apiWorld, diamond, keyed('k-1'))
    expect(again.status).toBe(202)
    expect(again.json.tasks.map(({ id }: Task) => id)).toEqual(first.json.tasks.map(({ id }: Task) => id))
    expect(again.json.tasks.map(({ status }: Task) => status)).toEqual(Array(4).fill('succeeded'))
    expect(headsIn(apiWorld)).toHaveLength(4)
  })

  it('is made once by two calls at a time', async () => {
    const apiWorld = await createOrdersWorld()
    const both = await Promise.all([post(apiWorld, diamond, keyed('k-1')), post(apiWorld, diamond, keyed('k-1'))])
    expect(both.map(({ status }) => status)).toEqual([202, 202])
    expect(await runAll(apiWorld)).toHaveLength(4)
  })

  it('does not allow another one', async () => {
    const apiWorld = await createOrdersWorld()
    await post(apiWorld, diamond, keyed('k-1'))
    const tied = [task('top'), task('left', 'top'), task('right', 'left'), task('bottom', 'right')]
    for (const other of [tied, diamond.slice(0, 2), [...diamond, task()], [order()]]) {
      expect(await post(apiWorld, other, keyed('k-1'))).toMatchObject({
        status: 409,
        json: { code: 'idempotency-conflict' },
      })
    }
    expect(headsIn(apiWorld)).toHaveLength(4)
  })

  it.each(['before', 'after'] as const)(
    'is finished by the next call, wherever the first one died (%s)',
    async (how) => {
      for (let write = 1; ; write++) {
        const apiWorld = await createOrdersWorld()
        const { upsets } = apiWorld.world
        upsets.push(...Array.from({ length: write - 1 }, () => undefined), how)
        if (how === 'before') upsets.push(...Array.from({ length: 100 }, () => how))
        const first = await post(apiWorld, diamond, keyed('k-1'))
        upsets.length = 0
        if (first.status === 202) return expect(write).toBeGreaterThan(8)
        expect(first.status).toBe(503)
        const other = await post(apiWorld, [task('top'), task(undefined, 'top')], keyed('k-1'))
        const isAccepted = write > 1 || how === 'after'
        expect(other.status).toBe(isAccepted ? 409 : 202)
        if (!isAccepted) continue
        const again = await post(apiWorld, diamond, keyed('k-1'))
        expect(again.status).toBe(202)
        expect(again.json.tasks).toHaveLength(4)
        expect(await runAll(apiWorld)).toHaveLength(4)
      }
    },
  )

  it('is finished by the clock where nobody calls again', async () => {
    const apiWorld = await createOrdersWorld()
    const { world } = apiWorld
    world.upsets.push(undefined, undefined, ...Array.from({ length: 100 }, () => 'before' as const))
    expect((await post(apiWorld, diamond)).status).toBe(503)
    world.upsets.length = 0
    await world.clock.advance(60_000)
    for (const { pk } of await world.store.due({ until: world.clock.now(), limit: 10 })) {
      if (isBatchPk(pk)) await rollForward(world, batchIdOf(pk))
    }
    expect(await runAll(apiWorld)).toHaveLength(4)
  })
})

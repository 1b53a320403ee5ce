import { describe, expect, it } from 'vitest'
import { createClient, type Step, type Task, type TaskPage, type TaskToSubmit, type TaskuraiError } from '#client/index'
import { limits } from '#core/contract/limits'
import { createApi } from '#functions/api/app'
import { createCatalog } from '#functions/api/catalog'
import { createFlowHub, done, subTasks } from '../functions/flow/flow-hub.ts'
import { hubKey, problem, type Script, startScriptedHub, taskOf } from '../support/scripted-hub.ts'

const ID = '01K9Z0000000000000000000AB'

/** A client that does not wait between its tries. */
async function startWorld(script: Script) {
  const hub = await startScriptedHub(script)
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey, pause: async () => {} })
  return { hub, client, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() }
}

const failure = (call: Promise<unknown>): Promise<TaskuraiError> =>
  call.then(
    () => Promise.reject(new Error('The call succeeded.')),
    (error: TaskuraiError) => error,
  )

describe('a signal', () => {
  const sent = { taskId: ID, name: 'approved', id: 'S' }

  it('is sent with its data, under a key that is the same on every try', async () => {
    await using world = await startWorld((_, count) => (count === 1 ? { fault: 'cut' } : { status: 202, body: sent }))
    expect(await world.client.signal(ID, 'approved', { by: 'Ada' })).toEqual(sent)
    const [first, second] = world.hub.seen
    expect(first).toMatchObject({ path: `/v1/tasks/${ID}/signals/approved`, isSigned: true })
    expect(first?.body).toEqual({ data: { by: 'Ada' } })
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key'])
  })

  it('has the id of its sender, whatever that looks like, or no data at all', async () => {
    await using world = await startWorld(() => ({ status: 202, body: sent }))
    await world.client.signal(ID, 'approved', undefined, { id: 'Zahlung Nº 8' })
    await world.client.signal(ID, 'approved', null)
    expect(world.hub.seen.map(({ body }) => body)).toEqual([{ id: 'Zahlung Nº 8' }, { data: null }])
    const keys = world.hub.seen.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size).toBe(2)
  })

  it('to a task that has ended, or with a name that leads elsewhere, is refused', async () => {
    await using world = await startWorld(() => problem(409, 'conflict', 'the task is succeeded'))
    expect(await failure(world.client.signal(ID, 'late'))).toMatchObject({ code: 'conflict', status: 409 })
    await failure(world.client.signal(ID, 'a/../../cancel'))
    expect(world.hub.seen[1]?.path).toBe(`/v1/tasks/${ID}/signals/a%2F..%2F..%2Fcancel`)
    expect(await failure(world.client.signal(ID, '..'))).toMatchObject({ code: 'bad-call' })
    expect(world.hub.seen).toHaveLength(2)
  })
})

it('reads steps, and sub tasks page by page, over a page of which all are gone', async () => {
  const steps: readonly Step[] = [{ id: 'charge', kind: 'step', state: 'done' }]
  const pages: readonly TaskPage[] = [
    { tasks: [taskOf({ id: 'T1' }), taskOf({ id: 'T2' })], cursor: '2' },
    { tasks: [], cursor: '4' },
    { tasks: [taskOf({ id: 'T5' })] },
  ] as never
  await using world = await startWorld(({ path }) => {
    if (path.endsWith('/steps')) return { body: { steps } }
    return { body: pages[Number(/cursor=(\d)/.exec(path)?.[1] ?? 0) / 2] }
  })
  const { client, hub } = world
  expect(await client.steps(ID)).toEqual(steps)
  expect(await client.children(ID, { limit: 2 })).toEqual(pages[0])
  expect(hub.seen.at(-1)?.path).toBe(`/v1/tasks/${ID}/children?limit=2`)
  const ids: string[] = []
  for await (const { id } of client.allChildren(ID, { limit: 2 })) ids.push(id)
  expect(ids).toEqual(['T1', 'T2', 'T5'])
  expect(hub.seen.at(-1)?.path).toBe(`/v1/tasks/${ID}/children?cursor=4&limit=2`)
  const rest: string[] = []
  for await (const { id } of client.allChildren(ID, { cursor: '4' })) rest.push(id)
  expect(rest).toEqual(['T5'])
})

describe('a batch whose tasks name each other', () => {
  const accepts: Script = ({ body }) => {
    const { tasks } = body as { tasks: readonly { ref?: string }[] }
    return { status: 202, body: { tasks: tasks.map(({ ref }, index) => ({ id: ref ?? `T${index}` })) } }
  }
  const many = (count: number, more: object): TaskToSubmit[] =>
    Array.from({ length: count }, (_, index) => ({ command: 'a', arguments: index, ...(index === 0 ? more : {}) }))

  it('goes in one request as it is, up to the limit', async () => {
    await using world = await startWorld(accepts)
    const first: TaskToSubmit = { command: 'a', ref: 'first' }
    const then: TaskToSubmit = { command: 'b', dependsOn: ['first', ID], onDependencyFailure: 'continue' }
    expect(await world.client.submitBatch([first, then])).toEqual(['first', 'T1'])
    expect(world.hub.seen[0]).toMatchObject({ path: '/v1/tasks/batch', body: { tasks: [first, then] } })
    expect(await world.client.submitBatch(many(limits.batchTasks, { ref: 'x' }))).toHaveLength(limits.batchTasks)
    expect(world.hub.seen).toHaveLength(2)
  })

  it.each([
    ['a ref', { ref: 'x' }],
    ['a name in dependsOn that is no id', { dependsOn: ['x'] }],
  ])('is not cut: with %s, more than fits is refused before anything is sent', async (_, more) => {
    await using world = await startWorld(accepts)
    expect(await failure(world.client.submitBatch(many(501, more)))).toMatchObject({
      code: 'bad-call',
      detail: expect.stringMatching(/has 501 tasks, at most 500 \(limit batchTasks\)/),
    })
    const large = many(30, more).map((task) => ({ ...task, arguments: 'x'.repeat(200_000) }))
    expect(await failure(world.client.submitBatch(large))).toMatchObject({
      code: 'bad-call',
      detail: expect.stringMatching(/bytes of JSON, at most \d+ \(limit bodyBytes\)/),
    })
    expect(world.hub.seen).toHaveLength(0)
  })

  it('is cut as any other where it depends on tasks of before alone', async () => {
    await using world = await startWorld(accepts)
    expect(await world.client.submitBatch(many(501, { dependsOn: [ID] }))).toHaveLength(501)
    expect(world.hub.seen).toHaveLength(2)
  })

  it('does not count what is sent apart, however large', async () => {
    await using world = await startWorld((seen, count) => {
      if (!seen.path.startsWith('/v1/payloads')) return accepts(seen, count)
      return problem(403, 'forbidden', 'no payloads in this test')
    })
    const large = many(30, { ref: 'x' }).map((task) => ({ ...task, arguments: 'x'.repeat(300_000) }))
    expect((await failure(world.client.submitBatch(large))).code).toBe('forbidden')
    expect(world.hub.seen[0]?.path).toMatch(/^\/v1\/payloads/)
  })
})

describe('against a hub', () => {
  async function startOnHub() {
    const hub = await createFlowHub()
    const api = createApi({
      world: hub.world,
      catalog: createCatalog(hub.world),
      workerCalls: hub.calls as never,
      authorize: () => ({ ok: true, principal: 'ann', allows: () => true }),
    })
    const fetch = (url: string | URL | Request, init?: RequestInit) => api.fetch(new Request(url, init))
    const client = createClient({ endpoint: 'http://hub.example', credentials: hubKey, region: 'local', fetch })
    return { hub, client }
  }

  it('sees what a task did and waits for, and ends its wait', async () => {
    const { hub, client } = await startOnHub()
    const { id } = await client.submit('mill.grind', { stone: 1 })
    const grant = await hub.one()
    await hub.step(grant, done('weigh', 7))
    await hub.suspend(grant, { kind: 'signal', id: 'ask', name: 'approved' })
    expect(await client.steps(id)).toMatchObject([
      { id: 'weigh', kind: 'step', state: 'done', output: 7 },
      { id: 'ask', kind: 'signal', state: 'open', waitsFor: 'signal approved' },
    ])
    expect((await client.get(id)).waitingFor?.message).toMatch(/approved/)
    const first = await client.signal(id, 'approved', { by: 'Ada' }, { id: 'my own' })
    expect(await client.signal(id, 'approved', { by: 'Ada' }, { id: 'my own' })).toEqual(first)
    expect((await hub.one()).steps).toMatchObject([
      { id: 'weigh' },
      { id: 'ask', state: 'done', output: { by: 'Ada' } },
    ])
    expect((await failure(client.signal(id, 'no name'))).status).toBe(400)
  })

  it('walks all sub tasks, each of which knows its parent', async () => {
    const { hub, client } = await startOnHub()
    const { id } = await client.submit('mill.grind', {})
    const grant = await hub.one()
    await hub.step(grant, { kind: 'call', id: 'all', count: 30, from: 0, tasks: subTasks(30) })
    const seen: Task[] = []
    for await (const child of client.allChildren(id, { limit: 7 })) seen.push(child)
    expect(seen.map(({ arguments: args }) => args)).toEqual(
      subTasks(30).map((task) => 'arguments' in task && task.arguments),
    )
    expect(new Set(seen.map(({ parentId, rootId }) => `${parentId} ${rootId}`))).toEqual(new Set([`${id} ${id}`]))
  })

  it('makes a graph in one call', async () => {
    const { client } = await startOnHub()
    const [first = '', second = ''] = await client.submitBatch([
      { command: 'mill.grind', arguments: {}, ref: 'flour' },
      { command: 'mill.bake', dependsOn: ['flour'] },
    ])
    expect(await client.get(first)).toMatchObject({ status: 'queued', command: 'mill.grind' })
    expect(await client.get(second)).toMatchObject({ status: 'waiting', dependencies: 1 })
    const unknown = await failure(client.submitBatch([{ command: 'mill.bake', dependsOn: ['nobody'] }]))
    expect(unknown).toMatchObject({ status: 422 })
  })
})

import { describe, expect, it } from 'vitest'
import { answerEvent, type HttpEvent } from '#functions/api/http-event'
import { createOrdersWorld, order } from './api-world.ts'
import { createFilesWorld } from './files-world.ts'

const userArn = 'arn:aws:sts::111122223333:assumed-role/shop/task-1'
const json = { 'content-type': 'application/json' }

/** As an HTTP API hands over a request that IAM let in. */
function eventOf(method: string, rawPath: string, fields: Partial<HttpEvent> = {}): HttpEvent {
  return {
    ...{ rawPath, rawQueryString: '', headers: {}, isBase64Encoded: false },
    requestContext: { http: { method }, stage: '$default', authorizer: { iam: { userArn } } },
    ...fields,
  }
}

const openContext = (method: string) => ({ http: { method }, stage: '$default' })

async function createDoor() {
  const apiWorld = await createOrdersWorld({ events: undefined })
  return { ...apiWorld, answer: (event: HttpEvent) => answerEvent(apiWorld.api, event) }
}

async function createdOrder() {
  const door = await createDoor()
  const { json: task } = await door.call('POST', '/v1/tasks', order())
  return { ...door, id: task.id as string }
}

describe('an event of API Gateway', () => {
  it('becomes a request of whom IAM found it to be from', async () => {
    const apiWorld = await createOrdersWorld()
    const body = JSON.stringify(order())
    for (const sent of [
      { body, isBase64Encoded: false },
      { body: Buffer.from(body).toString('base64'), isBase64Encoded: true },
    ]) {
      const result = await answerEvent(apiWorld.api, eventOf('POST', '/v1/tasks', { headers: json, ...sent }))
      expect(result).toMatchObject({ statusCode: 202, isBase64Encoded: false })
      expect(result.headers).toMatchObject({
        'content-type': 'application/json',
        location: expect.stringMatching(/^\/v1\/tasks\//),
      })
      expect(JSON.parse(result.body ?? '')).toMatchObject({ createdBy: 'shop/task-1', arguments: { orderId: 'o-1' } })
    }
  })

  it('that IAM did not look at is refused, but for the path that is open', async () => {
    const { answer } = await createDoor()
    const unsigned = (path: string) => answer(eventOf('GET', path, { requestContext: openContext('GET') }))
    expect(await unsigned('/v1/workers')).toMatchObject({ statusCode: 403 })
    expect(await unsigned('/healthz')).toMatchObject({ statusCode: 200, body: '{"ok":true}' })
    const nameless = { ...openContext('GET'), authorizer: { iam: { userArn: null } } }
    expect(await answer(eventOf('GET', '/v1/workers', { requestContext: nameless }))).toMatchObject({ statusCode: 403 })
  })

  it('keeps its query as it was sent, and headers of several values', async () => {
    const { answer } = await createDoor()
    const search = (rawQueryString: string) => answer(eventOf('GET', '/v1/tasks', { rawQueryString }))
    expect(await search('command=order.confirm&from=2026-01-01T00%3A00%3A00Z')).toMatchObject({ statusCode: 200 })
    expect(await search('limit=1&limit=2')).toMatchObject({
      statusCode: 400,
      body: expect.stringMatching('given twice'),
    })
    const headers = { ...json, prefer: 'wait=1, return=minimal', 'x-odd': undefined }
    const result = await answer(eventOf('POST', '/v1/tasks', { headers, body: JSON.stringify(order()) }))
    expect(Object.keys(JSON.parse(result.body ?? ''))).toEqual(['id', 'status'])
  })

  it('has no body behind it where there can be none, and none is answered to HEAD', async () => {
    const { id, answer } = await createdOrder()
    const got = await answer(eventOf('GET', `/v1/tasks/${id}`, { body: 'ignored' }))
    expect(got.statusCode).toBe(200)
    const head = await answer(eventOf('HEAD', `/v1/tasks/${id}`))
    expect(head).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json' } })
    expect(head.body).toBeUndefined()
  })

  it('comes with the path decoded, and its stage before it where that has a name', async () => {
    const { id, call, answer } = await createdOrder()
    await call('POST', `/v1/tasks/${id}/cancel`)
    const inStage = { ...eventOf('GET', '').requestContext, stage: 'live' }
    const named = eventOf('GET', `/live/v1/tasks/${id}`, { requestContext: inStage })
    expect(await answer(named)).toMatchObject({ statusCode: 200 })
    const odd = await answer(eventOf('GET', '/v1/commands/a b/tasks'))
    expect(odd).toMatchObject({ statusCode: 400, body: expect.stringMatching('write the path plainly') })
    const broken = await answer(eventOf('GET', '/v1/tasks/\ud800'))
    expect(broken).toMatchObject({ statusCode: 400, headers: { 'content-type': 'application/problem+json' } })
    const headers = { 'bad name': 'x' }
    expect(await answer(eventOf('GET', '/v1/tasks', { headers }))).toMatchObject({ statusCode: 400 })
  })

  it('for a file of any name is found, and its bytes come as they are', async () => {
    const world = await createFilesWorld()
    const name = '100% größer#.bin'
    const bytes = new Uint8Array([0, 255, 128, 10])
    const payload = await world.upload(bytes)
    const { json: task } = await world.call('POST', '/v1/tasks', { command: 'free', files: [{ name, payload }] })
    const result = await answerEvent(world.api, eventOf('GET', `/v1/tasks/${task.id}/files/${name}`))
    expect(result).toMatchObject({ statusCode: 200, isBase64Encoded: true })
    expect(new Uint8Array(Buffer.from(result.body ?? '', 'base64'))).toEqual(bytes)
  })

  it('that asks to wait is answered at once, and told when to come again', async () => {
    const { id, answer, runNext } = await createdOrder()
    const wait = () => answer(eventOf('GET', `/v1/tasks/${id}`, { rawQueryString: 'wait=20' }))
    expect(await wait()).toMatchObject({ statusCode: 200, headers: { 'retry-after': '1' } })
    await runNext('orders')
    expect((await wait()).headers).not.toHaveProperty('retry-after')
  })

  it.each([
    ['as text', 2, 202, false],
    ['as bytes, where its quotes would make a longer text', 14, 202, true],
    ['not at all, where it would be too long', 20, 413, false],
  ])('is answered %s', async (_, count, statusCode, isBase64Encoded) => {
    const { answer, world } = await createDoor()
    const quotes = '"'.repeat(125_000)
    const tasks = Array.from({ length: count }, () => ({ command: 'free', arguments: { quotes } }))
    const result = await answer(eventOf('POST', '/v1/tasks/batch', { headers: json, body: JSON.stringify({ tasks }) }))
    expect(result).toMatchObject({ statusCode, isBase64Encoded })
    expect(JSON.stringify(result).length).toBeLessThan(6 * 1_024 * 1_024)
    expect([...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')).toHaveLength(count)
    if (statusCode === 413) expect(result.body).toMatch(/it was done, but its answer has \d+ bytes.*return=minimal/)
  })
})

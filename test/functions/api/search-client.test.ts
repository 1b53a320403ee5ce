import { expect, it } from 'vitest'
import { createClient } from '#client/index'
import { tickDue } from '#functions/clock/clock'
import { createOrdersWorld } from './api-world.ts'

/** The client's lists and bulk against the API. */
async function connected() {
  const apiWorld = await createOrdersWorld()
  const fetch = (url: string | URL | Request, init: RequestInit = {}) => apiWorld.api.fetch(new Request(url, init))
  const credentials = { accessKeyId: 'TESTKEY', secretAccessKey: 'test-secret' }
  const client = createClient({ endpoint: 'http://hub.example:4400', credentials, region: 'local', fetch })
  return { ...apiWorld, client }
}

const people = {
  externalId: 'o/1 ä',
  userId: 'u=1',
  accountId: 'a&1',
  correlationId: 'c#1',
  tags: { desk: 'a:b', 'a:b': '&c' },
}

it('lists by whatever people know of a task, and all pages of it', async () => {
  const { client, settle } = await connected()
  const ids: string[] = []
  for (let index = 0; index < 5; index++) ids.push((await client.submit('free', undefined, people)).id)
  await client.submit('free')
  await settle()
  for (const [field, value] of Object.entries(people)) {
    const { tasks } = await client.list({ [field]: value })
    expect(tasks.map(({ id }) => id).toSorted(), field).toEqual(ids.toSorted())
  }
  const all: string[] = []
  for await (const { id } of client.listAll({ ...people, command: 'free', status: 'queued', limit: 2 })) all.push(id)
  expect(all.toSorted()).toEqual(ids.toSorted())
  expect((await client.list({ ...people, to: new Date(0) })).tasks).toEqual([])
})

it('a bulk is waited for as any task, and its output is typed', async () => {
  const { client, settle, world } = await connected()
  for (let index = 0; index < 3; index++) await client.submit('free', undefined, people)
  await settle()
  const { tags } = people
  const asked = await client.bulk({ action: 'cancel', filter: { tags, from: new Date(0) }, reason: 'a test' })
  const waited = client.wait(asked)
  await tickDue(world)
  const { result } = await waited
  expect(result?.output?.changed).toBe(3)
  const key = { idempotencyKey: 'mine' }
  const first = await client.bulk({ action: 'erase', filter: { tags }, dryRun: true }, key)
  expect((await client.bulk({ action: 'erase', filter: { tags }, dryRun: true }, key)).id).toBe(first.id)
})

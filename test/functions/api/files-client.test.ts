import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { createClient } from '#client/index'
import { limits } from '#core/contract/limits'
import { createFilesWorld } from './files-world.ts'

/** The client on a hub in its own process, over a `fetch` that is given to it. */
it('uploads, submits and downloads over a fetch of the caller’s', async () => {
  const { api } = await createFilesWorld()
  const fetch: typeof globalThis.fetch = (input, init) => api.fetch(new Request(input, init))
  const credentials = { accessKeyId: 'TK', secretAccessKey: 'secret' }
  const client = createClient({ endpoint: 'http://hub.test/', credentials, region: 'local', fetch })
  const bytes = Buffer.alloc(300_000, 'abc')
  const payload = await client.upload(bytes, { contentType: 'text/plain' })
  const task = await client.submit('free', undefined, { files: [{ name: 'ä b.txt', payload: payload.id }] })
  expect(task.files).toMatchObject([{ name: 'ä b.txt', sha256: payload.sha256 }])
  const got = await client.download(task.id, 'ä b.txt')
  expect((await buffer(got.stream)).equals(bytes)).toBe(true)

  const large = { text: 'x'.repeat(limits.argumentsBytes) }
  const { id, ...submitted } = await client.submit('free', large)
  expect([submitted.arguments, (await client.get(id)).arguments]).toEqual([large, large])
})

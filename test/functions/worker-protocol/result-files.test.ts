import { describe, expect, it } from 'vitest'
import { payloadKey, payloadUsePrefix } from '#core/keys'
import { loseRun } from '#core/tasks/renew'
import { createFilesWorld, type FilesWorld, sha256 } from '../api/files-world.ts'

/** Files that runs make: named at the end of a run that succeeds, the task's from then on. */

interface RunWorld extends FilesWorld {
  readonly taskId: string
  readonly run: string
  readonly end: (result: object, nonce?: string) => Promise<{ outcome: string; message?: string }>
  readonly task: () => Promise<Record<string, unknown> & { status: string; result: unknown; error: unknown }>
}

async function createRunWorld(fields: (hub: FilesWorld) => Promise<object> = async () => ({})): Promise<RunWorld> {
  const hub = await createFilesWorld()
  const { json } = await hub.call('POST', '/v1/commands/free/tasks', await fields(hub))
  hub.callAs('worker')
  const say = async (op: string, message: object, nonce: string) => {
    const body = { worker: 'orders', instance: 'i-1', nonce, ...message }
    const answer = await hub.call('POST', `/v1/worker-protocol/${op}`, body)
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.json))
    return answer.json
  }
  await say('register', { concurrency: 1, runs: [] }, 'n1')
  const { grants } = await say('receive', { slots: 1, freeSlots: 1, waitSeconds: 0 }, 'n2')
  const { run, ticket, task } = grants[0]
  expect(task.id).toBe(json.id)
  return {
    ...hub,
    taskId: json.id,
    run,
    end: async (result, nonce = 'n3') => {
      const ends = [{ kind: 'succeed', taskId: json.id, run, ticket, result }]
      return (await say('complete', { ends }, nonce)).runs[0]
    },
    task: async () => (await hub.call('GET', `/v1/tasks/${json.id}`)).json,
  }
}

const picture = Buffer.from('not really a picture')

async function usesOf({ world }: FilesWorld, payload: string): Promise<number> {
  return (await world.store.list({ pk: payloadKey(payload).pk, prefix: payloadUsePrefix, limit: 100 })).items.length
}

describe('a run that made files', () => {
  it('gives them to its task, beside its output', async () => {
    const hub = await createRunWorld()
    const payload = await hub.upload(picture, { contentType: 'image/png', taskId: hub.taskId })
    const files = [{ name: 'thumb.png', payload, public: true }]
    expect(await hub.end({ output: { seconds: 4 }, files })).toMatchObject({ outcome: 'done' })
    const shown = { name: 'thumb.png', size: picture.byteLength, sha256: sha256(picture), contentType: 'image/png' }
    const { status, result } = await hub.task()
    expect([status, result]).toEqual(['succeeded', { output: { seconds: 4 }, files: [{ ...shown, public: true }] }])
    const got = await hub.raw('GET', `/v1/tasks/${hub.taskId}/files/thumb.png`)
    expect(Buffer.from(await got.arrayBuffer())).toEqual(picture)
  })

  it('may give an output that lies apart', async () => {
    const hub = await createRunWorld()
    const outputPayload = await hub.upload('{"rows":[1,2,3]}', { taskId: hub.taskId })
    expect(await hub.end({ outputPayload })).toMatchObject({ outcome: 'done' })
    expect((await hub.task()).result).toEqual({ outputApart: true })
    expect(await (await hub.raw('GET', `/v1/tasks/${hub.taskId}/files/.output`)).json()).toEqual({ rows: [1, 2, 3] })
  })

  it('gets the same answer when it repeats its end', async () => {
    const hub = await createRunWorld()
    const payload = await hub.upload(picture, { taskId: hub.taskId })
    const files = [{ name: 'thumb.png', payload }]
    await hub.end({ files })
    expect(await hub.end({ files }, 'n4')).toMatchObject({ outcome: 'done' })
    expect(await usesOf(hub, payload)).toBe(1)
  })

  it.each([
    ['a payload that is not there', async () => '0'.repeat(26), 'there is no payload'],
    ['one that was not uploaded', async (hub: RunWorld) => (await hub.declare(picture)).id, 'not uploaded'],
    [
      'one of another task’s run',
      (hub: RunWorld) => hub.upload(picture, { taskId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }),
      'another task',
    ],
    [
      'one that another key made',
      async (hub: RunWorld) => {
        hub.callAs('tester')
        const payload = await hub.upload(picture)
        hub.callAs('worker')
        return payload
      },
      'another key',
    ],
  ] as const)('fails with %s, and says why', async (_, payloadOf, why) => {
    const hub = await createRunWorld()
    const payload = await payloadOf(hub)
    expect(await hub.end({ output: 1, files: [{ name: 'thumb.png', payload }] })).toMatchObject({ outcome: 'done' })
    const { status, error } = await hub.task()
    expect([status, JSON.stringify(error)]).toEqual(['queued', expect.stringContaining('invalid-files')])
    expect(JSON.stringify(error)).toContain(why)
    expect(await usesOf(hub, payload)).toBe(0)
  })

  it('fails with the name of a file that the task came with', async () => {
    const hub = await createRunWorld(async (world) => ({
      files: [{ name: 'a.csv', payload: await world.upload('a') }],
    }))
    const payload = await hub.upload('b', { taskId: hub.taskId })
    await hub.end({ files: [{ name: 'a.csv', payload }] })
    expect(JSON.stringify(await hub.task())).toContain('came with a file of the name a.csv already')
  })

  it('is refused a result with path tricks in it', async () => {
    const hub = await createRunWorld()
    const payload = await hub.upload(picture, { taskId: hub.taskId })
    await expect(hub.end({ files: [{ name: '../../thumb.png', payload }] })).rejects.toThrow('a file name has no /')
  })
})

it('files of a run that lost its task are no part of it', async () => {
  const hub = await createRunWorld()
  const payload = await hub.upload(picture, { taskId: hub.taskId })
  await loseRun(hub.world, { taskId: hub.taskId, run: hub.run, why: 'its machine is gone' })
  expect(await hub.end({ files: [{ name: 'thumb.png', payload }] })).toMatchObject({ outcome: 'lost' })
  expect((await hub.task()).result).toBeUndefined()
  expect(await usesOf(hub, payload)).toBe(0)
  expect((await hub.raw('GET', `/v1/tasks/${hub.taskId}/files/thumb.png`)).status).toBe(404)
})

it('a payload made for a result is no input of another task', async () => {
  const hub = await createRunWorld()
  const payload = await hub.upload(picture, { taskId: hub.taskId })
  const refused = await hub.call('POST', '/v1/commands/free/tasks', { files: [{ name: 'a', payload }] })
  expect(refused).toMatchObject({ status: 422, json: { issues: [{ field: '/files/0/payload' }] } })
})

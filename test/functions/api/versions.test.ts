import { describe, expect, it } from 'vitest'
import { createApiWorld } from './api-world.ts'

/** Versions of a command side by side, and a task that keeps the one that it was accepted with. */

type Commands = readonly Record<string, unknown>[]
const [one, two, three] = [1, 2, 3].map((version) => ({ name: 'order.confirm', version }))
const any = { name: 'order.confirm', version: 1, fallback: true }

async function createOrders(...commands: unknown[]) {
  const api = await createApiWorld()
  const deploy = async (...all: unknown[]) => {
    const answer = await api.putWorker('orders', all as Commands)
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.json))
  }
  let nonces = 0
  const say = async (op: string, instance: string, fields: object) => {
    const body = { worker: 'orders', instance, nonce: `n${nonces++}`, ...fields }
    const { status, json } = await api.call('POST', `/v1/worker-protocol/${op}`, body)
    if (status !== 200) throw new Error(JSON.stringify(json))
    return json
  }
  await deploy(...commands)
  return {
    ...{ ...api, deploy, say },
    submit: (version?: number) => api.call('POST', '/v1/tasks', { command: 'order.confirm', version }),
    waitingFor: async (id: string) => (await api.call('GET', `/v1/tasks/${id}`)).json.waitingFor,
    start: (instance: string) => say('register', instance, { concurrency: 4, runs: [] }),
    receive: async (instance: string) => {
      const { grants } = await say('receive', instance, { slots: 4, waitSeconds: 0 })
      return grants as { run: string; ticket: string; task: { id: string; version: number } }[]
    },
  }
}

describe('the version of a task', () => {
  it('that nothing is registered for goes to the command without a version, and stays what was asked for', async () => {
    const { submit, deploy } = await createOrders(any, { ...three, input: { type: 'object', required: ['at'] } })
    for (const version of [1, 2, 7]) expect((await submit(version)).json).toMatchObject({ status: 'queued', version })
    expect((await submit(3)).json.code).toBe('invalid-arguments')
    expect((await submit()).json.code).toBe('invalid-arguments')
    await deploy(any)
    expect((await submit()).json.version).toBe(1)
  })

  it('is refused where it is unknown and there is no such command, with those there are', async () => {
    const { submit, deploy } = await createOrders(two, one)
    const refused = await submit(3)
    expect(refused).toMatchObject({ status: 422, json: { code: 'unknown-command', issues: [{ field: '/command' }] } })
    expect(refused.json.detail).toBe('order.confirm has no version 3; registered: 2, 1')
    await deploy(two)
    expect((await submit(1)).json.code).toBe('unknown-command')
  })

  it('is told apart in one batch', async () => {
    const { call } = await createOrders(any, two)
    const tasks = [2, 5, 2, undefined].map((version) => ({ command: 'order.confirm', version }))
    const { json } = await call('POST', '/v1/tasks/batch', { tasks })
    expect(json.tasks.map(({ version }: { version: number }) => version)).toEqual([2, 5, 2, 2])
  })

  it('has one command without a version at most', async () => {
    const { putWorker } = await createOrders(one)
    const twice = await putWorker('orders', [any, { ...any, version: 2 }])
    expect(twice).toMatchObject({ status: 422, json: { issues: [{ field: '/manifest/commands/1/fallback' }] } })
    expect(twice.json.detail).toContain('order.confirm has two fallbacks')
  })
})

describe('a deployment', () => {
  it('leaves a suspended task the version that it began with, on the new instances', async () => {
    const { call, deploy, submit, start, receive, say } = await createOrders(one)
    await start('old')
    const { json: task } = await submit()
    const [grant] = await receive('old')
    const waits = [{ kind: 'signal', id: 'approval', name: 'approved' }]
    const runs = [{ taskId: task.id, run: grant?.run, ticket: grant?.ticket, waits }]
    expect(await say('suspend', 'old', { runs })).toMatchObject({ runs: [{ outcome: 'suspended' }] })
    await deploy(one, two)
    await start('new')
    expect(await say('receive', 'old', { slots: 1, waitSeconds: 0 })).toEqual({ grants: [], drain: true })
    expect((await submit()).json.version).toBe(2)
    await call('POST', `/v1/tasks/${task.id}/signals/approved`, { data: true })
    const versions = (await receive('new')).map(({ task: { id, version } }) => [id === task.id, version])
    expect(versions.sort()).toEqual([
      [false, 2],
      [true, 1],
    ])
  })

  it('that brings a version gives it to none of the instances from before, which go on with theirs', async () => {
    const { deploy, submit, start, receive, waitingFor } = await createOrders(one)
    await start('old')
    await deploy(one, two)
    const { json: fresh } = await submit(2)
    const { json: known } = await submit(1)
    expect((await receive('old')).map(({ task }) => task.id)).toEqual([known.id])
    expect(await waitingFor(fresh.id)).toMatchObject({ kind: 'version', message: expect.stringMatching(/is here yet/) })
    await start('new')
    expect(await waitingFor(fresh.id)).toMatchObject({ kind: 'claim' })
  })

  it('that drops a version leaves its tasks waiting, and they say why until it is there again', async () => {
    const { world, deploy, submit, start, receive, waitingFor } = await createOrders(one, two)
    const { json: task } = await submit(1)
    await deploy(three, two)
    await start('new')
    expect(await receive('new')).toEqual([])
    const message = 'no deployed instance of orders hosts order.confirm@1; deployed: 2, 3'
    expect(await waitingFor(task.id)).toEqual({ kind: 'version', message })
    await deploy({ name: 'order.mail' })
    expect((await waitingFor(task.id)).message).toMatch(/deployed: none of that name$/)
    await deploy(any)
    await start('newest')
    await world.clock.advance(30_000)
    expect((await receive('newest')).map(({ task: { id, version } }) => [id, version])).toEqual([[task.id, 1]])
  })
})

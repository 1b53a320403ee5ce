import { expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import {
  createClient,
  type EndedTask,
  type InputOf,
  newTask,
  type OutputOf,
  type Task,
  type TaskOf,
} from '#client/index'
import { defineCommand } from '#worker-runtime/index'
import { hubKey, startScriptedHub, taskOf } from '../support/scripted-hub.ts'

const confirm = defineCommand({
  name: 'order.confirm',
  version: 2,
  input: z.object({ orderId: z.string(), copies: z.int().default(1) }),
  output: z.object({ pages: z.int() }),
})
const bare = defineCommand({ name: 'bare' })
const byHand = { name: 'by.hand', input: { type: 'object' }, output: { type: 'string' } } as const

it('types flow from a contract into submit, and through wait into the output', async () => {
  expectTypeOf<InputOf<typeof confirm>>().toEqualTypeOf<{ orderId: string; copies?: number | undefined }>()
  expectTypeOf<OutputOf<typeof confirm>>().toEqualTypeOf<{ pages: number }>()
  expectTypeOf<InputOf<typeof bare>>().toBeUnknown()
  expectTypeOf<InputOf<typeof byHand>>().toBeUnknown()
  expectTypeOf(newTask).parameter(1).toBeUnknown()

  const ended = taskOf({ status: 'succeeded', result: { output: { pages: 3 } } })
  await using hub = await startScriptedHub(() => ({ body: ended }))
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey })
  const task = await client.submit(confirm, { orderId: '1' }, { externalId: 'x' })
  expectTypeOf(task).toEqualTypeOf<TaskOf<{ pages: number }>>()
  const waited = await client.wait(task)
  expectTypeOf(waited).toEqualTypeOf<EndedTask<{ pages: number }>>()
  expectTypeOf(waited.result?.output).toEqualTypeOf<{ pages: number } | undefined>()
  expectTypeOf(await client.submit('any', { a: 1 })).toEqualTypeOf<Task>()
  await client.submit(bare)
  await client
    .submitBatch([newTask(confirm, { orderId: '1' }), { command: 'any', arguments: 1 }])
    .catch(() => undefined)

  const wrong = async () => {
    // @ts-expect-error the order's id is a string
    await client.submit(confirm, { orderId: 1 })
    // @ts-expect-error arguments are not optional here
    await client.submit(confirm)
    // @ts-expect-error there is no such field
    await client.submit(confirm, { orderId: '1' }, { externalID: 'x' })
    // @ts-expect-error the order's id is a string
    newTask(confirm, { orderId: 1 })
  }
  expectTypeOf(wrong).returns.toEqualTypeOf<Promise<void>>()
})

it('sends the version of the contract, or the one that is asked for', async ({ expect }) => {
  await using hub = await startScriptedHub(() => ({ body: taskOf() }))
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey })
  await client.submit(confirm, { orderId: '1' })
  await client.submit(confirm, { orderId: '1' }, { version: 1 })
  expect(hub.seen.map(({ body }) => body)).toEqual([
    { arguments: { orderId: '1' }, version: 2 },
    { arguments: { orderId: '1' }, version: 1 },
  ])
})

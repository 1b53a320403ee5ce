import { describe, expect, it } from 'vitest'
import { toAttributes, toItem } from '#adapters/dynamodb/attributes'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { itemBytes, writeUnits } from '#adapters/dynamodb/units'
import { createSystemIds } from '#adapters/system/ids'
import type { TaskResult } from '#core/contract/task'
import type { Head } from '#core/head'
import { fitsBeside, headItem, headOf, splitBody } from '#core/layout'
import { decide } from '#core/lifecycle'
import { createTask } from '#core/tasks/create'
import { aFullHead } from '../../support/full-head.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** What the table costs hangs on these sizes: a plain small task is one write unit at each of its three moves (aws.md A7). */

const ids = createSystemIds()
const client = { send: async () => ({}) } as never
const store = openDynamoStore({
  client,
  table: 't',
  sendBells: async () => undefined,
  dueShards: 8,
  monotonicMs: () => 0,
})

const by = 'billing-service/i-0123456789abcdef0'
const instance = ids.token()

const smallResult = { output: { pdf: 'confirmation-8472.pdf', pages: 2 } }

async function life(argumentsText: string, result: TaskResult = smallResult): Promise<readonly Head[]> {
  const world = createMemoryWorld()
  const created = await createTask(
    { ...world, ids },
    {
      task: { command: 'order.confirm', arguments: JSON.parse(argumentsText) },
      command: { worker: 'orders', name: 'order.confirm', version: 1 },
      by,
      id: ids.next(),
      argumentsBytes: argumentsText.length,
    },
  )
  if (created.kind !== 'created') throw new Error(created.kind)
  const run = `${instance}.${instance}.1z.0`
  const at = { writer: run, run, now: world.clock.now() + 1_234 }
  const claimed = decide(created.head, { kind: 'claim', instance, ...at })
  if (claimed.kind !== 'move') throw new Error(claimed.reason)
  const outcome = fitsBeside(store, { result }) ? { result } : { apart: true }
  const ended = decide(claimed.next, { kind: 'succeed', ...outcome, ...at, writer: `${run}.end`, now: at.now + 800 })
  if (ended.kind !== 'move') throw new Error(ended.reason)
  return [created.head, claimed.next, ended.next]
}

const attributesOf = (head: Head) => toAttributes(headItem(head), 8)
const bytesOf = (head: Head) => itemBytes(attributesOf(head))

describe('the size of a plain small task', () => {
  it('is below 1,024 bytes from its creation to its end, with 120 bytes of arguments', async () => {
    const heads = await life(JSON.stringify({ orderId: 8_472, customer: 'C-10233', note: 'x'.repeat(74) }))
    const sizes = heads.map(bytesOf)
    expect(
      sizes.every((size) => size < 1_024),
      sizes.join(', '),
    ).toBe(true)
    const [created, claimed, ended] = heads.map(attributesOf)
    const units = [
      writeUnits({ after: created }),
      writeUnits({ before: created, after: claimed }),
      writeUnits({ before: claimed, after: ended }),
    ]
    expect(units).toEqual([1, 1, 1])
  })

  it('stays there for the largest arguments that are kept in the head, and beyond them they lie apart', async () => {
    const most = store.inlineBytes - 600
    const heads = await life(JSON.stringify({ text: 'x'.repeat(most - 11) }))
    const sizes = heads.map(bytesOf)
    expect(
      sizes.every((size) => size < 1_024),
      sizes.join(', '),
    ).toBe(true)
    const [created] = heads
    if (created === undefined) throw new Error('no head')
    expect(splitBody(store, created, most).before).toHaveLength(0)
    expect(splitBody(store, created, most + 1).before).toHaveLength(1)
  })
})

describe('what a result costs at the end of a plain task', () => {
  const args = JSON.stringify({ text: 'x'.repeat(109) })
  const resultOf = (bytes: number) => ({ output: 'r'.repeat(bytes - '{"result":{"output":""}}'.length) })

  it.each([
    ['up to 200 bytes nothing beyond the unit of the move', 200, 1],
    ['300 bytes one unit more, as much as one that lies apart', 300, 2],
    ['the largest that stays in the head one unit more', 425, 2],
    ['one that lies apart the unit of its own item', 426, 2],
  ])('%s', async (_title, bytes, units) => {
    const [, claimed, ended] = await life(args, resultOf(bytes))
    if (claimed === undefined || ended === undefined) throw new Error('no end')
    const ofItsOwn = ended.outcomeApart === undefined ? 0 : 1
    expect(bytes > store.inlineBytes / 2).toBe(ofItsOwn === 1)
    expect(writeUnits({ before: attributesOf(claimed), after: attributesOf(ended) }) + ofItsOwn).toBe(units)
  })
})

describe('a head as attributes', () => {
  it('comes back as it was, with every field there is', () => {
    const head = aFullHead()
    expect(headOf(toItem(attributesOf(head)))).toEqual(JSON.parse(JSON.stringify(head)))
  })

  it('comes back as it was, at each step of a plain life', async () => {
    for (const head of await life('{"a":1}')) {
      expect(headOf(toItem(attributesOf(head)))).toEqual(JSON.parse(JSON.stringify(head)))
    }
  })

  it('reads well in a console: flat, under the design’s names', async () => {
    const [created] = await life('{"orderId":8472}')
    if (created === undefined) throw new Error('no head')
    expect(attributesOf(created)).toMatchObject({
      status: { S: 'queued' },
      command: { S: 'order.confirm' },
      arguments: { S: '{"orderId":8472}' },
      createdBy: { S: by },
    })
  })
})

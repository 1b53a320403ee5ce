import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDynamoClient } from '#adapters/dynamodb/client'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { headItem, headOf } from '#core/layout'
import { cancelTask } from '#core/tasks/change'
import { dueEntries, tickTasks } from '#core/tasks/tick'
import type { World } from '#core/world'
import { anId, put } from '../../conformance/world.ts'
import { type Answer, type FaultOf, spoil } from '../../support/aws-faults.ts'
import { type DynamoEngine, startDynamo, whyNoDynamo } from '../../support/engines/dynamodb-local.ts'
import { aHead } from '../../support/heads.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** The due index is late on AWS, and never on the emulator: what it would answer is played (protocol 10). */

describe.skipIf(whyNoDynamo() !== undefined)('the clock over an index that is late', () => {
  let engine: DynamoEngine
  beforeAll(async () => {
    engine = await startDynamo()
  }, 60_000)
  afterAll(() => engine?.[Symbol.asyncDispose]())

  /** What the index answers instead; undefined lets its own answer pass. */
  interface LateIndex {
    readonly world: World
    answer: ((own: Answer) => Answer) | undefined
    own: Answer | undefined
  }

  async function open(): Promise<LateIndex> {
    const { name: table } = await engine.makeTable()
    const client = createDynamoClient(engine.settings)
    const late: { answer: LateIndex['answer']; own: Answer | undefined } = { answer: undefined, own: undefined }
    const faultOf: FaultOf = (command, _count, { IndexName }) => {
      if (command !== 'Query' || IndexName === undefined) return undefined
      const output = (own: Answer) => {
        late.own = own
        return late.answer?.(own) ?? own
      }
      return { kind: 'answered', output }
    }
    spoil(client, faultOf)
    const memory = createMemoryWorld()
    const { monotonicMs } = memory.clock
    const sendBells = async () => undefined
    const store = openDynamoStore({ client, table, sendBells, dueShards: 1, monotonicMs })
    return Object.assign(late, { world: { ...memory, store } })
  }

  const tick = async ({ world }: LateIndex) =>
    tickTasks(world, { bellMustBeGone: () => false }, await dueEntries(world))

  async function ripe({ world }: LateIndex) {
    const now = world.clock.now()
    const head = aHead({ id: anId(), status: 'waiting', due: now - 1_000, startAfter: now - 500 })
    await world.store.commit(put(headItem(head), { kind: 'absent' }))
    const standing = async () => {
      const item = await world.store.get(headItem(head))
      return item === undefined ? undefined : headOf(item)
    }
    return { head, standing }
  }

  it('an entry that is not shown yet is met by a later tick', async () => {
    const late = await open()
    const { standing } = await ripe(late)
    late.answer = () => ({ Items: [] })
    expect(await tick(late)).toEqual({ looked: 0, moved: 0 })
    expect((await standing())?.status).toBe('waiting')
    late.answer = undefined
    expect(await tick(late)).toEqual({ looked: 1, moved: 1 })
    expect((await standing())?.status).toBe('queued')
  })

  it('an entry that is shown still, though its task has moved on, is looked at and left alone', async () => {
    const late = await open()
    const { head, standing } = await ripe(late)
    await dueEntries(late.world)
    const stale = late.own
    await cancelTask(late.world, { taskId: head.id, by: 'ann' })
    const canceled = await standing()
    expect(canceled?.status).toBe('canceled')
    late.answer = () => stale ?? {}
    expect(await tick(late)).toEqual({ looked: 1, moved: 0 })
    expect(await standing()).toEqual(canceled)
  })

  it('an entry that is shown still, though its task was removed, is nothing', async () => {
    const late = await open()
    const { head, standing } = await ripe(late)
    await dueEntries(late.world)
    const stale = late.own
    const { pk, sk } = headItem(head)
    await late.world.store.commit({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'any' } } })
    late.answer = () => stale ?? {}
    expect(await tick(late)).toEqual({ looked: 1, moved: 0 })
    expect(await standing()).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { ApiError } from '#core/contract/errors'
import { createCatalog } from '#functions/api/catalog'
import type { IntakeInput } from '#functions/intake/config'
import { NoTaskError, takeEvent } from '#functions/intake/intake'
import { createOrdersWorld } from '../api/api-world.ts'

const event = (changes: Partial<Record<keyof IntakeInput, unknown>> = {}): unknown => ({
  id: 'b1c2d3e4-0000-4000-8000-000000000001',
  command: 'order.confirm',
  arguments: { orderId: 'o-1' },
  source: 'shop.orders',
  detailType: 'Order Placed',
  time: '2026-01-15T12:00:00Z',
  ...changes,
})

async function createIntake() {
  const { world, call } = await createOrdersWorld()
  const door = { world, catalog: createCatalog(world) }
  return { world, call, take: (input: unknown) => takeEvent(door, input) }
}

describe('an event that a rule hands over', () => {
  it('becomes a task of the command, created by its source', async () => {
    const { take, call } = await createIntake()
    const { id } = await take(event())
    expect((await call('GET', `/v1/tasks/${id}`)).json).toMatchObject({
      ...{ command: 'order.confirm', arguments: { orderId: 'o-1' }, status: 'queued' },
      createdBy: 'event:shop.orders',
    })
  })

  it('needs no arguments where its command needs none', async () => {
    const { take } = await createIntake()
    expect(await take(event({ command: 'free', arguments: undefined }))).toMatchObject({ command: 'free' })
  })

  it('delivered again is the same task, whatever became of that', async () => {
    const { take, call, world } = await createIntake()
    const { id } = await take(event())
    await call('POST', `/v1/tasks/${id}/cancel`)
    expect(await take(event())).toMatchObject({ id, status: 'canceled' })
    expect([...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')).toHaveLength(1)
  })

  it('is no other than its id says: a caller with that key, another rule and another event make their own', async () => {
    const { take, call } = await createIntake()
    const key = 'b1c2d3e4-0000-4000-8000-000000000001'
    const order = { command: 'order.confirm', arguments: { orderId: 'o-1' } }
    const called = await call('POST', '/v1/tasks', order, { 'idempotency-key': key })
    const heads = [await take(event()), await take(event({ rule: 'second' })), await take(event({ id: 'other' }))]
    expect(new Set([called.json.id, ...heads.map(({ id }) => id)]).size).toBe(4)
  })

  it.each([
    ['the door refuses', event({ arguments: { orderId: 7 } }), /^invalid-arguments: \/arguments\/orderId/],
    ['no worker knows', event({ command: 'order.eat' }), /^unknown-command: no worker has registered order\.eat/],
    ['has no id', event({ id: undefined }), /^invalid: \/id/],
    ['is no event', 'hello', /^invalid: /],
    ['has more than it should', { ...(event() as object), detail: {} }, /^invalid: \/detail: is not a known field/],
    ['has a command of no such shape', event({ command: 'Order Confirm' }), /^invalid: \/command/],
    ['has an id that is no key', event({ id: 'a b' }), /^bad-request: an Idempotency-Key/],
  ])('that %s becomes none, and the reason is told', async (_, input, reason) => {
    const { take, world } = await createIntake()
    const failure = await take(input).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(NoTaskError)
    expect((failure as Error).message).toMatch(reason)
    expect([...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')).toEqual([])
  })

  it('of one rule that says something else than before is refused, for it would be lost in silence', async () => {
    const { take } = await createIntake()
    await take(event())
    await expect(take(event({ arguments: { orderId: 'o-2' } }))).rejects.toThrow(/^idempotency-conflict/)
  })

  it('comes again where the store is away', async () => {
    const { take, world } = await createIntake()
    world.upsets.push('before')
    await expect(take(event())).rejects.toMatchObject({ name: 'ApiError', code: 'unavailable' })
    world.upsets.push('after')
    await expect(take(event())).rejects.toBeInstanceOf(ApiError)
    expect(await take(event())).toMatchObject({ status: 'queued' })
  })
})

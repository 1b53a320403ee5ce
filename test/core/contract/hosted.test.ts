import { describe, expect, it } from 'vitest'
import { hostedBy } from '#core/contract/hosted'
import { IsolationKey, WorkerId, WorkerName } from '#core/contract/names'
import { workerId, workerParts } from '#core/contract/worker-id'

describe('what a worker hosts', () => {
  it('is each version that it names, and every other one of a name that has a fallback', () => {
    const hosts = hostedBy([
      { name: 'order.confirm', version: 2 },
      { name: 'order.mail', version: 1, fallback: true },
      { name: 'order.mail', version: 4 },
    ])
    expect([1, 2, 3].filter((version) => hosts('order.confirm', version))).toEqual([2])
    expect([1, 2, 4, 9].filter((version) => hosts('order.mail', version))).toEqual([1, 2, 4, 9])
    expect(hosts('order', 1)).toBe(false)
  })
})

describe('the id of a worker', () => {
  it.each([
    [{ name: 'orders' }, 'orders'],
    [{ name: 'order-mill', isolationKey: 'ann-2' }, 'order-mill~ann-2'],
  ])('of %j is %s, and is read back', (parts, id) => {
    expect(workerId(parts)).toBe(id)
    expect(workerParts(id)).toEqual(parts)
    expect(WorkerId.parse(id)).toBe(id)
  })

  it('is as long as its parts may be, and no longer than they are together', () => {
    const [name, key] = ['n'.repeat(40), 'k'.repeat(24)]
    expect(WorkerName.parse(name) + IsolationKey.parse(key)).toHaveLength(64)
    expect(WorkerId.safeParse(`${name}~${key}`).success).toBe(true)
    expect(WorkerId.safeParse(`${name}~${key}k`).success).toBe(false)
    expect(WorkerId.safeParse(`${name}n`).success).toBe(false)
  })

  it.each(['', '~', 'orders~', '~ann', 'orders~ann~bob', 'orders_ann', 'Orders', 'orders~-ann', 'orders~Ann', 'a b'])(
    'is never %j',
    (text) => expect(WorkerId.safeParse(text).success).toBe(false),
  )
})

import { describe, expect, it } from 'vitest'
import { toAttributes } from '#adapters/dynamodb/attributes'
import { changeOf } from '#adapters/dynamodb/change'
import type { Head } from '#core/head'
import { headItem } from '#core/layout'
import { aHead } from '../../support/heads.ts'

/** What the reactor is told of a record of the table's stream. */

const first = headItem(aHead({ subject: 'ä', arguments: { deep: [1, { two: 2 }] } }))
const second = headItem({ ...first.data, n: 2, status: 'canceled', statusCode: 499, expiresAt: 1_900_000_000_001 })
const Keys = { pk: { S: first.pk }, sk: { S: first.sk } }
const image = (item: typeof first) => toAttributes(item, 8)
const whole = (head: Head) => JSON.parse(JSON.stringify(headItem(head)))

describe('a record of the stream', () => {
  it('of a new item has what stands there now, of a change both, of a removal what stood there', () => {
    const records = [
      { eventName: 'INSERT', dynamodb: { Keys, NewImage: image(first) } },
      { eventName: 'MODIFY', dynamodb: { Keys, OldImage: image(first), NewImage: image(second) } },
      { eventName: 'REMOVE', dynamodb: { Keys, OldImage: image(second) } },
    ]
    const key = { pk: first.pk, sk: 'HEAD' }
    expect(records.map(changeOf)).toEqual([
      { kind: 'change', change: { ...key, after: whole(first.data) } },
      { kind: 'change', change: { ...key, before: whole(first.data), after: whole(second.data) } },
      { kind: 'change', change: { ...key, before: whole(second.data) } },
    ])
  })

  it('of a removal at the end of its retention reads as any removal, with the time it had', () => {
    const record = {
      eventName: 'REMOVE',
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      dynamodb: { Keys, OldImage: image(second) },
    }
    const read = changeOf(record)
    expect(read).toMatchObject({ kind: 'change', change: { before: { n: 2, expiresAt: 1_900_000_000_001 } } })
    expect(read.kind === 'change' && 'after' in read.change).toBe(false)
  })

  it.each([
    ['without anything in it', {}],
    ['without keys', { dynamodb: { NewImage: image(first) } }],
    ['whose keys are numbers', { dynamodb: { Keys: { pk: { N: '1' }, sk: { N: '2' } } } }],
    ['whose arguments are no JSON', { dynamodb: { Keys, NewImage: { ...image(first), arguments: { S: '{' } } } }],
    ['whose image lacks the keys', { dynamodb: { Keys, NewImage: { data: { S: '1' } } } }],
  ])('%s is said to be unreadable and breaks nothing', (_title, record) => {
    expect(changeOf(record)).toMatchObject({ kind: 'unreadable', message: expect.any(String) })
  })

  it('of an item by hand, without version or data, is read as far as it goes', () => {
    const keys = { pk: { S: 'W#mill' }, sk: { S: 'NOTE' } }
    const read = changeOf({ dynamodb: { Keys: keys, NewImage: { ...keys, text: { S: 'hello' } } } })
    expect(read).toMatchObject({ kind: 'change', change: { pk: 'W#mill', sk: 'NOTE', after: { n: 0 } } })
  })
})

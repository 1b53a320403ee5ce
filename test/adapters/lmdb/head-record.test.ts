import { expect, test } from 'vitest'
import { applyMoving, decodeMoving, decodeWhole, encodeMoving, encodeWhole } from '#adapters/lmdb/head-record'
import type { Json } from '#core/contract/names'
import type { Head } from '#core/head'
import { draftOf } from '#core/head-draft'

/** Every field there is, each with a value that no other has: two that change places cannot come back right. */
function everyField(): Head {
  const empty = draftOf({} as Head)
  return Object.fromEntries(Object.keys(empty).map((field, index) => [field, `${field} ${index}`])) as unknown as Head
}

test('a whole record gives every field back', () => {
  expect(decodeWhole(encodeWhole(everyField()))).toEqual(everyField())
})

test('a moving record gives back what moves, over the head as it was', () => {
  const before = everyField()
  const after: Head = { ...before, n: 8, status: 'failed', history: [[1, 'failed']] }
  expect(applyMoving(before, decodeMoving(encodeMoving(after)))).toEqual(after)
})

test.each<[string, Json]>([
  ['null', null],
  ['an object with the key that marks a null', { $null: true }],
  ['such a key among others', { $null: 'x', more: [1] }],
  ['such a key alone, with another value', { $null: { $null: true } }],
  ['such a key deeper down', { deep: { $null: true } }],
])('arguments come back as they were: %s', (_, args) => {
  expect(decodeWhole(encodeWhole({ ...everyField(), arguments: args })).arguments).toEqual(args)
})

import { describe, expect, it } from 'vitest'
import { itemBytes, numberBytes, readUnits, valueBytes, writeUnits } from '#adapters/dynamodb/units'

describe('sizes by DynamoDB’s published rules', () => {
  it.each([
    ['0', 1],
    ['7', 2],
    ['42', 2],
    ['123', 3],
    ['1700000000000', 2],
    ['1768478400123', 8],
    ['-5', 3],
    ['0.05', 2],
    ['1e300', 2],
  ])('the number %s takes %i bytes', (text, bytes) => {
    expect(numberBytes(text)).toBe(bytes)
  })

  it('text counts in UTF-8, names too', () => {
    expect(itemBytes({ pk: { S: 'abc' } })).toBe(5)
    expect(itemBytes({ ü: { S: '🦊' } })).toBe(6)
  })

  it('lists and maps have a head of three bytes and one a part', () => {
    expect(valueBytes({ L: [{ S: 'a' }, { BOOL: true }] })).toBe(3 + 2 + 2)
    expect(valueBytes({ M: { a: { S: 'b' } } })).toBe(3 + 1 + 2)
  })
})

describe('units', () => {
  const item = (bytes: number, due?: number) => ({
    pk: { S: 'x'.repeat(bytes - 2 - (due === undefined ? 0 : 13)) },
    ...(due === undefined ? {} : { due: { N: String(due) }, dueShard: { S: '1' } }),
  })

  it.each([
    ['a new item up to 1 KB', { after: item(1_024) }, 1],
    ['a new item beyond 1 KB', { after: item(1_025) }, 2],
    ['the larger of before and after counts', { before: item(3_000), after: item(100) }, 3],
    ['a delete counts what stood there', { before: item(2_000) }, 2],
    ['a delete of nothing', {}, 1],
    ['a refused condition counts what stands there', { before: item(1_500), isRefused: true }, 2],
    ['into the index', { after: item(500, 7) }, 2],
    ['out of the index', { before: item(500, 7), after: item(500) }, 2],
    ['moved in the index', { before: item(500, 7), after: item(500, 8) }, 3],
    ['staying in the index', { before: item(500, 7), after: item(500, 7) }, 1],
  ])('%s', (_title, written, units) => {
    expect(writeUnits(written)).toBe(units)
  })

  it('reads count by 4 KB, half of it where they may be late', () => {
    expect([readUnits(0, true), readUnits(4_096, true), readUnits(4_097, true), readUnits(100, false)]).toEqual([
      1, 1, 2, 0.5,
    ])
  })
})

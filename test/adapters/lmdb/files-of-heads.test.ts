import { describe, expect, it } from 'vitest'
import { applyMoving, decodeMoving, decodeWhole, encodeMoving, encodeWhole } from '#adapters/lmdb/head-record'
import type { Head } from '#core/head'
import { created } from '../../core/tasks/fixtures.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

const file = { name: 'a.csv', payload: 'P', size: 1, sha256: '0'.repeat(64), contentType: 'text/csv' }
const aHead = () => created(createMemoryWorld())
/** What a head is after JSON: its absent fields are not there at all. */
const plain = (head: Head): unknown => JSON.parse(JSON.stringify(head))

describe('files in the record of a head', () => {
  it('are kept, those it came with and those of its result', async () => {
    const head: Head = { ...(await aHead()), files: [file], resultFiles: [{ ...file, name: 'b.csv', public: true }] }
    expect(plain(decodeWhole(encodeWhole(head)))).toEqual(plain(head))
    const before: Head = { ...head, resultFiles: undefined }
    const moved = applyMoving(decodeWhole(encodeWhole(before)), decodeMoving(encodeMoving(head)))
    expect(plain(moved)).toEqual(plain(head))
  })

  it('are not in records from before there were files, which are read as ever', async () => {
    const head = await aHead()
    const values: unknown[] = JSON.parse(encodeWhole(head))
    expect(plain(decodeWhole(JSON.stringify(values.slice(0, -2))))).toEqual(plain(head))
    const moving: unknown[] = JSON.parse(encodeMoving(head))
    expect(plain(applyMoving(head, decodeMoving(JSON.stringify(moving.slice(0, -2)))))).toEqual(plain(head))
  })
})

import { expect } from 'vitest'
import { headKey } from '#core/keys'
import { headItem } from '#core/layout'
import type { Change, Feed } from '#core/ports'
import { aHead } from '../support/heads.ts'
import type { Test } from './store-suite.ts'
import { anId, put } from './world.ts'

/** The feed of heads: in order, with what stood there before and after, from a cursor on. */
export function feedCases(test: Test): void {
  test('feed: every change of a head, in order, with both images', async ({ store, feed }) => {
    const start = await endOf(feed)
    const id = anId()
    const first = headItem(aHead({ id, subject: 'ä', arguments: { deep: [1, { two: 2 }] } }))
    const second = headItem(aHead({ ...first.data, n: 2, status: 'canceled', statusCode: 499, subject: undefined }))
    await store.commit(put(first, { kind: 'absent' }))
    await store.commit(put(first, { kind: 'absent' }))
    await store.commit(put(second, { kind: 'at', born: 'b1', n: 1 }))
    await store.commit({ write: { kind: 'delete', key: headKey(id), condition: { kind: 'any' } } })
    const changes = (await changesSince(feed, start)).filter((change) => change.pk === first.pk)
    expect(changes.map(({ before, after }) => [before?.n, after?.n])).toEqual([
      [undefined, 1],
      [1, 2],
      [2, undefined],
    ])
    expect(changes[0]?.after).toEqual(first)
    expect(changes[1]?.before).toEqual(first)
    expect(changes[1]?.after).toEqual(second)
  })

  test('feed: read from one cursor twice, it says the same; in small pages, the same as in one', async (world) => {
    const { store, feed } = world
    const start = await endOf(feed)
    const ids = Array.from({ length: 7 }, anId)
    for (const id of ids) await store.commit(put(headItem(aHead({ id })), { kind: 'absent' }))
    const whole = await changesSince(feed, start)
    expect(await changesSince(feed, start)).toEqual(whole)
    expect(await changesSince(feed, start, 2)).toEqual(whole)
    expect(whole.map((change) => change.pk)).toEqual(ids.map((id) => `T#${id}`))
  })

  test('feed: a listener is told that there is something new, until it stops listening', async ({ store, feed }) => {
    let told = 0
    const stop = feed.onChange(() => told++)
    await store.commit(put(headItem(aHead({ id: anId() })), { kind: 'absent' }))
    expect(told).toBeGreaterThan(0)
    stop()
    const before = told
    await store.commit(put(headItem(aHead({ id: anId() })), { kind: 'absent' }))
    expect(told).toBe(before)
  })
}

const pagesMost = 10_000

async function changesSince(feed: Feed, start: string | undefined, limit = 1_000): Promise<readonly Change[]> {
  const all: Change[] = []
  let cursor = start
  for (let pages = 0; pages < pagesMost; pages++) {
    const page = await feed.read(cursor, limit)
    if (page.changes.length === 0) return all
    all.push(...page.changes)
    cursor = page.cursor
  }
  throw new Error('the feed does not end')
}

async function endOf(feed: Feed): Promise<string | undefined> {
  let cursor: string | undefined
  for (let pages = 0; pages < pagesMost; pages++) {
    const page = await feed.read(cursor, 1_000)
    cursor = page.cursor
    if (page.changes.length === 0) return cursor
  }
  throw new Error('the feed does not end')
}

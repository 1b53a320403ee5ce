import { describe, expect, it } from 'vitest'
import type { Bell, ReceivedBell } from '#core/ports'
import { aBell, aKey, anId, anItem, type MakeWorld, put, type StoreWorld } from './world.ts'

/**
 * The same behaviour of every queue: hidden while held, delayed, at least once, a receipt names one delivery. Times are
 * whole seconds with room between them, since a queue may know no others and a world may be real.
 */
export function queueSuite(
  name: string,
  makeWorld: MakeWorld,
  options: { readonly isConcurrent?: boolean } = {},
): void {
  describe(`queue: ${name}`, { concurrent: options.isConcurrent === true }, () => {
    const test: QueueTest = (title, run) => {
      it(title, async () => {
        const world = await makeWorld()
        await run(world).finally(world.close)
      })
    }
    holdCases(test)
    receiptCases(test)
    pollCases(test)
    depthCases(test)
  })
}

type QueueTest = (title: string, run: (world: StoreWorld) => Promise<void>) => void

const holdMs = 2_000

async function ring({ store }: StoreWorld, changes: Partial<Bell> = {}): Promise<string> {
  const id = changes.taskId ?? anId()
  await store.commit(put(anItem(aKey()), { kind: 'absent' }, { bells: [aBell(id, changes)] }))
  return id
}

/** What is there now. */
function receive({ queue }: StoreWorld, max = 10, waitMs = 0, signal?: AbortSignal): Promise<readonly ReceivedBell[]> {
  return queue.receive({ worker: 'mill', max, holdMs, waitMs, signal })
}

/** What must be there: a queue of many machines may need a moment to find it. */
function take(world: StoreWorld, max = 10): Promise<readonly ReceivedBell[]> {
  return receive(world, max, 1_000)
}

function idsOf(bells: readonly ReceivedBell[]): readonly string[] {
  return bells.map(({ bell }) => bell.taskId)
}

function holdCases(test: QueueTest): void {
  test('a bell that is held is hidden, and comes back when its hold is over', async (world) => {
    const id = await ring(world)
    const [first] = await take(world)
    expect(first).toMatchObject({ receivedCount: 1, bell: { taskId: id } })
    expect(await receive(world)).toEqual([])
    await world.advance(holdMs + 50)
    const [again] = await take(world)
    expect(again).toMatchObject({ receivedCount: 2, bell: { taskId: id }, sentAt: first?.sentAt })
    expect(again?.receipt).not.toBe(first?.receipt)
  })

  test('extend hides it for so long from now, 0 shows it at once', async (world) => {
    await ring(world)
    const [bell] = await take(world)
    await world.queue.extend('mill', bell?.receipt ?? '', 2 * holdMs)
    await world.advance(holdMs + 50)
    expect(await receive(world)).toEqual([])
    await world.advance(holdMs + 50)
    const [again] = await take(world)
    expect(again?.receivedCount).toBe(2)
    await world.queue.extend('mill', again?.receipt ?? '', 0)
    expect(await take(world)).toHaveLength(1)
  })

  test('done: it never comes back', async (world) => {
    await ring(world)
    const [bell] = await take(world)
    await world.queue.done('mill', bell?.receipt ?? '')
    await world.queue.done('mill', bell?.receipt ?? '')
    await world.advance(2 * holdMs)
    expect(await receive(world)).toEqual([])
  })

  test('a delayed bell is not there before its time', async (world) => {
    const id = await ring(world, { delayMs: 2_000 })
    expect(await receive(world)).toEqual([])
    await world.advance(2_100)
    expect(idsOf(await take(world))).toEqual([id])
  })

  test('a bell comes out as it went in, whatever its copy holds', async (world) => {
    const copy = {
      id: 'x',
      arguments: { text: 'é 🔔 \ud800 \uffff \ufffe \u0000 "quoted" \n', none: null, list: [1.5] },
    }
    const bell = aBell(anId(), { born: 'b7', n: 3, delayMs: 1, group: 'acme & söhne', copy })
    await world.store.commit(put(anItem(aKey()), { kind: 'absent' }, { bells: [bell] }))
    await world.advance(1_000)
    expect((await take(world))[0]?.bell).toEqual(bell)
  })

  test("bells of one worker are not another one's", async (world) => {
    await ring(world, { worker: 'other' })
    expect(await receive(world)).toEqual([])
  })
}

function receiptCases(test: QueueTest): void {
  test('a receipt of an earlier delivery is ignored', async (world) => {
    await ring(world)
    const [stale] = await take(world)
    await world.advance(holdMs + 50)
    expect(await take(world)).toHaveLength(1)
    await world.queue.done('mill', stale?.receipt ?? '')
    await world.queue.extend('mill', stale?.receipt ?? '', 100 * holdMs)
    await world.queue.extend('mill', stale?.receipt ?? '', 0)
    expect(await receive(world)).toEqual([])
    await world.advance(holdMs + 50)
    expect((await take(world))[0]?.receivedCount).toBe(3)
  })

  test('a receipt that nobody was given is ignored', async (world) => {
    await world.queue.done('mill', 'no such receipt')
    await world.queue.extend('mill', 'no such receipt', 1_000)
    expect(await receive(world)).toEqual([])
  })

  test('heldUntilMs counts from the receive', async (world) => {
    await ring(world)
    const [first] = await take(world)
    await world.advance(holdMs + 50)
    const [again] = await take(world)
    const betweenMs = (again?.heldUntilMs ?? 0) - (first?.heldUntilMs ?? 0)
    expect(betweenMs).toBeGreaterThanOrEqual(holdMs)
    expect(betweenMs).toBeLessThan(2 * holdMs)
  })
}

function pollCases(test: QueueTest): void {
  test('a long poll ends with the bell that is rung meanwhile', async (world) => {
    const polling = receive(world, 10, 10_000)
    const id = await ring(world)
    await world.advance(100)
    expect(idsOf(await polling)).toEqual([id])
  })

  test('a long poll ends with a bell that comes out of hiding', async (world) => {
    await ring(world)
    await take(world)
    const polling = receive(world, 10, 10_000)
    await world.advance(holdMs + 200)
    expect((await polling)[0]?.receivedCount).toBe(2)
  })

  test('a long poll ends with a bell that is given back', async (world) => {
    await ring(world)
    const [held] = await take(world)
    const polling = receive(world, 10, 10_000)
    await world.queue.extend('mill', held?.receipt ?? '', 0)
    await world.advance(100)
    expect(await polling).toHaveLength(1)
  })

  test('a long poll ends with nothing when its time is over', async (world) => {
    const polling = receive(world, 10, 500)
    await world.advance(700)
    expect(await polling).toEqual([])
    await ring(world)
    expect(await take(world)).toHaveLength(1)
  })

  test('an aborted poll takes no bell along', async (world) => {
    const abort = new AbortController()
    const polling = receive(world, 10, 10_000, abort.signal)
    abort.abort()
    expect(await polling).toEqual([])
    expect(await receive(world, 10, 10_000, abort.signal)).toEqual([])
    await ring(world)
    expect(await take(world)).toHaveLength(1)
  })

  test('two polls share what comes, nothing twice', async (world) => {
    const polls = [receive(world, 1, 10_000), receive(world, 1, 10_000)]
    const ids = [await ring(world), await ring(world)]
    await world.advance(100)
    expect((await Promise.all(polls)).flatMap(idsOf).sort()).toEqual([...ids].sort())
  })
}

function depthCases(test: QueueTest): void {
  test('depth counts what is visible, delayed and held', async (world) => {
    for (let count = 0; count < 5; count++) await ring(world)
    await ring(world, { delayMs: 60_000 })
    const [one] = await take(world, 2)
    expect(await world.queue.depth('mill')).toEqual({ visible: 3, delayed: 1, held: 2 })
    await world.queue.done('mill', one?.receipt ?? '')
    await world.advance(holdMs + 50)
    expect(await take(world, 1)).toHaveLength(1)
    expect(await world.queue.depth('mill')).toEqual({ visible: 3, delayed: 1, held: 1 })
  })

  test('a thousand bells come out once each, nearly in the order they went in', async (world) => {
    const ids = Array.from({ length: 1_000 }, anId)
    await Promise.all(ids.map((taskId) => ring(world, { taskId })))
    const seen: string[] = []
    for (let rounds = 0; rounds < 200 && seen.length < 1_000; rounds++) {
      const bells = await world.queue.receive({ worker: 'mill', max: 10, holdMs: 60_000, waitMs: 0 })
      expect(bells.length).toBeLessThanOrEqual(10)
      seen.push(...idsOf(bells))
      for (const { receipt } of bells) await world.queue.done('mill', receipt)
    }
    expect([...seen].sort()).toEqual([...ids].sort())
    expect(seen.slice(0, 10).every((id) => ids.indexOf(id) < 200)).toBe(true)
    await world.advance(holdMs)
    expect(await world.queue.depth('mill')).toEqual({ visible: 0, delayed: 0, held: 0 })
  })
}

import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { holdFiles, letGo } from '#core/files/hold'
import { createPayload, useGraceMs } from '#core/files/payload'
import { releasePayload } from '#core/files/release'
import { sweepPayloads } from '#core/files/sweep'
import type { Head } from '#core/head'
import { payloadKey, payloadRowsPk } from '#core/keys'
import type { Commit, CommitOutcome } from '#core/ports'
import { removeTask } from '#core/tasks/change'
import { claim } from '#core/tasks/claim'
import { createTask } from '#core/tasks/create'
import { endRun } from '#core/tasks/end-run'
import type { World } from '#core/world'
import { react } from '#functions/reactor/reactor'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'

/** Bytes go with the last task that names them, seven days after their upload if none ever did, and never before. */

const sevenDaysMs = limits.payloadSeconds * 1_000
const bytes = Buffer.from('bytes')
const spec = { size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
const by = 'ann'

let world: MemoryWorld
let cursor: string | undefined
beforeEach(() => {
  world = createMemoryWorld()
  cursor = undefined
})

async function upload(taskId?: string): Promise<string> {
  const { id } = await createPayload(world, { ...spec, contentType: 'text/plain', taskId }, by)
  await world.blobs.put(
    id,
    spec,
    (async function* () {
      yield bytes
    })(),
  )
  return id
}

async function create(payload: string, on: World = world): Promise<Head> {
  const id = on.ids.next()
  const born = on.ids.token()
  const held = await holdFiles(on, { taskId: id, born, by, files: [{ name: 'a', payload }] })
  if (held.kind === 'refused') throw new Error(held.message)
  const command = { worker: 'mill', name: 'grind', version: 1 }
  const task = { command: 'grind', retentionSeconds: 60 }
  const outcome = await createTask(on, { task, command, by, id, argumentsBytes: 0, held: { born, files: held.files } })
  if (outcome.kind !== 'created') throw new Error(outcome.kind)
  return outcome.head
}

async function end(head: Head): Promise<void> {
  const holdMs = 60_000
  const [received] = await world.queue.receive({ worker: 'mill', max: 1, holdMs, waitMs: 0 })
  if (received === undefined) throw new Error('no bell')
  await claim(world, { received, holdMs, instance: 'i', run: 'r', accepts: () => true })
  await endRun(world, { taskId: head.id, run: 'r', end: { kind: 'succeed' } })
}

async function remove(head: Head): Promise<void> {
  await end(head)
  expect(await removeTask(world, head.id)).toEqual({ kind: 'removed' })
  await settle()
}

async function settle(): Promise<void> {
  const page = await world.memory.feed.read(cursor, 10_000)
  cursor = page.cursor
  await react(world, { nudgeScaler: () => undefined }, page.changes)
}

/** Everything that is left of payloads: bytes, items, rows. */
async function left(id: string) {
  const { items } = await world.store.list({ pk: payloadKey(id).pk, limit: 100 })
  const rows = await world.store.list({ pk: payloadRowsPk, limit: 100 })
  return { bytes: world.blobs.ids().length, items: items.length, rows: rows.items.length }
}

const nothing = { bytes: 0, items: 0, rows: 0 }

describe('the bytes of a task', () => {
  it('go with it, at once', async () => {
    const payload = await upload()
    await remove(await create(payload))
    expect(await left(payload)).toMatchObject({ bytes: 0, items: 0 })
    await world.clock.advance(2 * sevenDaysMs)
    await sweepPayloads(world)
    expect(await left(payload)).toEqual(nothing)
  })

  it('stay while another task names them', async () => {
    const payload = await upload()
    const first = await create(payload)
    await end(first)
    const second = await create(payload)
    expect(await removeTask(world, first.id)).toEqual({ kind: 'removed' })
    await settle()
    expect(await left(payload)).toMatchObject({ bytes: 1 })
    await remove(second)
    expect(await left(payload)).toMatchObject({ bytes: 0, items: 0 })
  })

  it('stay for as long as it does, however old they are', async () => {
    const payload = await upload()
    const head = await create(payload)
    await world.clock.advance(10 * sevenDaysMs)
    expect(await sweepPayloads(world)).toBe(1)
    expect(await left(payload)).toEqual({ bytes: 1, items: 2, rows: 0 })
    await remove(head)
    expect(await left(payload)).toEqual(nothing)
  })

  it('go with a life of its id that another one took the place of', async () => {
    const payload = await upload()
    const head = await create(payload)
    await end(head)
    await world.clock.advance(61_000)
    const command = { worker: 'mill', name: 'grind', version: 1 }
    await createTask(world, { task: { command: 'grind' }, command, by, id: head.id, argumentsBytes: 0 })
    await settle()
    expect(await left(payload)).toMatchObject({ bytes: 0, items: 0 })
  })

  it('are removed once, however often the end is told', async () => {
    const payload = await upload()
    const other = await upload()
    const head = await create(payload)
    await create(other)
    await end(head)
    await removeTask(world, head.id)
    const page = await world.memory.feed.read(cursor, 10_000)
    for (const _ of [1, 2]) await react(world, { nudgeScaler: () => undefined }, page.changes)
    expect(world.blobs.ids()).toEqual([other])
  })
})

describe('bytes that no task names', () => {
  it('are kept for seven days', async () => {
    const payload = await upload()
    await world.clock.advance(sevenDaysMs)
    expect(await sweepPayloads(world)).toBe(0)
    expect(await left(payload)).toEqual({ bytes: 1, items: 1, rows: 1 })
    await world.clock.advance(useGraceMs + 1)
    expect(await sweepPayloads(world)).toBe(1)
    expect(await left(payload)).toEqual(nothing)
  })

  it('are given back where the head was not written', async () => {
    const payload = await upload()
    const ask = { taskId: world.ids.next(), born: 'b', by, files: [{ name: 'a', payload }] }
    expect((await holdFiles(world, ask)).kind).toBe('files')
    expect(await releasePayload(world, payload)).toBe('later')
    await letGo(world, ask)
    expect(await releasePayload(world, payload)).toBe('removed')
  })

  it('are found out where a hub died between the use and the head', async () => {
    const payload = await upload()
    await holdFiles(world, { taskId: world.ids.next(), born: 'b', by, files: [{ name: 'a', payload }] })
    await world.clock.advance(sevenDaysMs + useGraceMs + 1)
    expect(await sweepPayloads(world)).toBe(1)
    expect(await left(payload)).toEqual(nothing)
  })

  it('stay as long as the run that uploaded them may still name them', async () => {
    const head = await create(await upload())
    const payload = await upload(head.id)
    await world.clock.advance(sevenDaysMs + useGraceMs + 1)
    await sweepPayloads(world)
    expect(world.blobs.ids()).toContain(payload)
    await end(head)
    await world.clock.advance(sevenDaysMs + useGraceMs + 1)
    await sweepPayloads(world)
    expect(world.blobs.ids()).not.toContain(payload)
  })

  it('are swept a bounded number at a time', async () => {
    for (let count = 0; count < 130; count++) await upload()
    await world.clock.advance(2 * sevenDaysMs)
    expect([await sweepPayloads(world), await sweepPayloads(world), await sweepPayloads(world)]).toEqual([100, 30, 0])
    expect(world.blobs.ids()).toEqual([])
  })
})

describe('a removal that meets a new use', () => {
  /** Runs `between` after the first commit that matches. */
  function interleaved(isIt: (ask: Commit) => boolean, between: () => Promise<void>): World {
    let isDone = false
    const commit = async (ask: Commit): Promise<CommitOutcome> => {
      const outcome = await world.store.commit(ask)
      if (isDone || !isIt(ask)) return outcome
      isDone = true
      await between()
      return outcome
    }
    return { ...world, store: { ...world.store, commit } }
  }
  const isGoing = ({ write }: Commit) =>
    write.kind === 'put' && write.item.sk === 'PAYLOAD' && (write.item.data as { going?: boolean }).going === true
  const isUse = ({ write }: Commit) => write.kind === 'put' && write.item.sk.startsWith('USE#')

  it('refuses the task when it is further on', async () => {
    const payload = await upload()
    let refusal = ''
    const removing = interleaved(isGoing, async () => {
      await create(payload).catch((error: Error) => {
        refusal = error.message
      })
    })
    expect(await releasePayload(removing, payload)).toBe('removed')
    expect(refusal).toContain('there is no payload')
    expect(await left(payload)).toMatchObject({ bytes: 0, items: 0 })
  })

  it('leaves the bytes alone when the task is further on', async () => {
    const payload = await upload()
    const creating = interleaved(isUse, async () => {
      expect(await releasePayload(world, payload)).toBe('later')
    })
    await create(payload, creating)
    expect(await left(payload)).toMatchObject({ bytes: 1 })
    await world.clock.advance(10 * sevenDaysMs)
    await sweepPayloads(world)
    expect(await left(payload)).toMatchObject({ bytes: 1 })
  })

  it('is taken back when the use came in the middle of it', async () => {
    const payload = await upload()
    const removing = interleaved(isGoing, async () => {
      const ask = { taskId: world.ids.next(), born: 'b', by, files: [{ name: 'a', payload }] }
      // Its writer sees the mark a moment later and gives it back; here it is still at work.
      const item = {
        ...payloadKey(payload),
        sk: `USE#${ask.taskId}#b`,
        born: 'u',
        n: 1,
        data: { at: world.clock.now() },
      }
      await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
    })
    expect(await releasePayload(removing, payload)).toBe('later')
    expect(await left(payload)).toMatchObject({ bytes: 1 })
    expect((await create(payload)).files).toHaveLength(1)
  })

  it('is taken up again where its hub died in the middle of it', async () => {
    const payload = await upload()
    const dying: World = {
      ...world,
      blobs: { ...world.blobs, remove: () => Promise.reject(new Error('killed')) },
    }
    await expect(releasePayload(dying, payload)).rejects.toThrow('killed')
    await expect(create(payload)).rejects.toThrow('there is no payload')
    expect(await releasePayload(world, payload)).toBe('removed')
    expect(await left(payload)).toMatchObject({ bytes: 0, items: 0 })
  })
})

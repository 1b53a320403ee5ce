import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, it } from 'vitest'
import type { Blobs } from '#core/blobs'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { reservedFiles } from '#core/contract/reserved-files'
import { holdFiles } from '#core/files/hold'
import { createTask } from '#core/tasks/create'
import { createDirectTransfers } from '#worker-runtime/direct-transfers'
import { createRunFiles } from '#worker-runtime/run-files'
import { createMemoryWorld, type MemoryWorld } from '../support/memory-world.ts'
import { until } from '../support/until.ts'

/** The files of a run whose instance reaches table and bucket by itself. */

const folder = mkdtempSync(join(tmpdir(), 'taskurai-direct-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sample = randomBytes(300_000)
const sha256 = createHash('sha256').update(sample).digest('hex')
const away = () => new ApiError('unavailable', 'the bucket is away')

function createWorld() {
  const world = createMemoryWorld()
  const waited: number[] = []
  // Pauses are noted instead of waited for.
  Object.assign(world.clock, { wait: async (ms: number) => void waited.push(ms) })
  return { world, waited, transfers: createDirectTransfers(world, 'worker/mill') }
}

/** What the calls of a place for bytes do before they do anything, in turn. */
function upset(world: MemoryWorld, call: keyof Blobs, faults: readonly (() => void)[]): MemoryWorld {
  const rest = [...faults]
  const original = world.blobs[call] as (...asked: unknown[]) => unknown
  const failing = async (...asked: unknown[]) => {
    rest.shift()?.()
    return original(...asked)
  }
  return { ...world, blobs: { ...world.blobs, [call]: failing } }
}

async function taskWith(world: MemoryWorld, payload: string, name = 'in.bin'): Promise<string> {
  const id = world.ids.next()
  const born = world.ids.token()
  const held = await holdFiles(world, { taskId: id, born, by: 'worker/mill', files: [{ name, payload }] })
  if (held.kind === 'refused') throw new Error(held.message)
  const command = { worker: 'mill', name: 'mill.grind', version: 1 }
  const { files } = held
  const task = { id, task: { command: command.name }, command, by: 'ann', argumentsBytes: 0 }
  await createTask(world, { ...task, held: { born, files } })
  return id
}

function throwing(error: () => Error) {
  return () => {
    throw error()
  }
}

it('a file is put and comes back, by the same records as over the hub', async () => {
  const { world, transfers } = createWorld()
  const path = join(folder, 'report.csv')
  writeFileSync(path, sample)
  const payload = await transfers.upload(path)
  expect(payload).toEqual({ id: expect.any(String), size: 300_000, sha256, contentType: 'text/csv' })
  const { stream, ...told } = await transfers.download(await taskWith(world, payload.id), 'in.bin')
  expect(told).toEqual({ size: 300_000, sha256, contentType: 'text/csv' })
  expect((await buffer(stream)).equals(sample)).toBe(true)
})

it('a run gets its input, puts a result, and keeps an output apart', async () => {
  const { world, transfers } = createWorld()
  const { id: payload } = await transfers.upload(sample, { contentType: 'text/plain' })
  const id = await taskWith(world, payload)
  const listed = { name: 'in.bin', size: 300_000, sha256, contentType: 'text/plain' }
  const files = createRunFiles({ task: { id, files: [listed] }, transfers: async () => transfers })
  const { path } = await files.get('in.bin')
  expect((await readFile(path)).equals(sample)).toBe(true)
  const put = await files.put('out.txt', Readable.from([Buffer.from('a'), Buffer.from('b')]), { public: true })
  expect(put).toMatchObject({ name: 'out.txt', size: 2, contentType: 'text/plain', public: true })
  const output = await files.keepOutput('{"large":true}')
  const named = [...files.results(), { name: reservedFiles.output, payload: output }]
  // Whoever ends the run may name them, since they were made for this task.
  const held = await holdFiles(world, { taskId: id, born: 'b', by: 'somebody', files: named })
  expect(held).toMatchObject({ kind: 'files', files: [{ size: 2 }, { size: 14, contentType: 'application/json' }] })
  await files.close()
  await expect(stat(path)).rejects.toThrow('ENOENT')
})

it('arguments that lie apart are read as JSON, and not beyond their limit', async () => {
  const { world, transfers } = createWorld()
  const { id: payload } = await transfers.upload(Buffer.from('{"a":[1]}'))
  const id = await taskWith(world, payload, reservedFiles.arguments)
  expect(await transfers.downloadJson(id, reservedFiles.arguments)).toEqual({ a: [1] })
  const large = await transfers.upload(Buffer.alloc(limits.apartBytes + 1, ' '))
  const other = await taskWith(world, large.id, reservedFiles.arguments)
  await expect(transfers.downloadJson(other, reservedFiles.arguments)).rejects.toThrow('apartBytes')
})

it.each(['put', 'get'] as const)(
  'a bucket that is away at %s for a moment is asked again, with a pause',
  async (call) => {
    const { world, waited } = createWorld()
    const upsetWorld = upset(world, call, [throwing(away), throwing(away)])
    const transfers = createDirectTransfers(upsetWorld, 'worker/mill')
    const { id } = await transfers.upload(sample)
    const { stream } = await transfers.download(await taskWith(world, id), 'in.bin')
    expect((await buffer(stream)).equals(sample)).toBe(true)
    expect(waited).toEqual([200, 400])
  },
)

it('a bucket that stays away is given up, with its reason', async () => {
  const { world, waited } = createWorld()
  const transfers = createDirectTransfers(upset(world, 'put', Array(9).fill(throwing(away))), 'worker/mill')
  await expect(transfers.upload(sample)).rejects.toMatchObject({ code: 'unavailable', message: 'the bucket is away' })
  expect(waited).toHaveLength(4)
})

it('a download that breaks off goes on with the next byte', async () => {
  const { world } = createWorld()
  const ranges: unknown[] = []
  const get: Blobs['get'] = async (id, range) => {
    ranges.push(range)
    const bytes = await world.blobs.get(id, range)
    return bytes === undefined || ranges.length > 2 ? bytes : cutAfterOne(bytes)
  }
  const transfers = createDirectTransfers({ ...world, blobs: { ...world.blobs, get } }, 'worker/mill')
  const { id } = await transfers.upload(sample)
  const { stream } = await transfers.download(await taskWith(world, id), 'in.bin')
  expect((await buffer(stream)).equals(sample)).toBe(true)
  expect(ranges).toEqual([undefined, { from: 65_536, to: 299_999 }, { from: 131_072, to: 299_999 }])
})

async function* cutAfterOne(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    yield chunk
    throw away()
  }
}

it('what is not there is said: the task, the file, its bytes', async () => {
  const { world, transfers } = createWorld()
  const { id: payload } = await transfers.upload(sample)
  const id = await taskWith(world, payload)
  await expect(transfers.download(world.ids.next(), 'in.bin')).rejects.toMatchObject({ code: 'not-found' })
  await expect(transfers.download(id, 'other')).rejects.toMatchObject({ code: 'not-found' })
  await world.blobs.remove(payload)
  await expect(transfers.download(id, 'in.bin')).rejects.toThrow('the bytes of in.bin are gone')
  await expect(transfers.upload(join(folder, 'none'))).rejects.toThrow('cannot be read')
})

it('other bytes than were stored fail at the end', async () => {
  const { world } = createWorld()
  const get: Blobs['get'] = async () => Readable.from([Buffer.alloc(300_000)])
  const transfers = createDirectTransfers({ ...world, blobs: { ...world.blobs, get } }, 'worker/mill')
  const { id } = await transfers.upload(sample)
  const { stream } = await transfers.download(await taskWith(world, id), 'in.bin')
  await expect(buffer(stream)).rejects.toThrow('checksum')
})

it('a file that changes while it is uploaded is refused, and nothing of it kept', async () => {
  const { world } = createWorld()
  const path = join(folder, 'changing')
  writeFileSync(path, sample)
  const change = () => writeFileSync(path, 'shorter')
  const transfers = createDirectTransfers(upset(world, 'put', [change]), 'worker/mill')
  // The file is open by then: what is read of it is the new content.
  await expect(transfers.upload(path)).rejects.toMatchObject({ code: 'invalid' })
  expect(world.blobs.ids()).toEqual([])
})

it('a run that is aborted ends what is under way', async () => {
  const { world } = createWorld()
  const stop = new AbortController()
  const path = join(folder, 'aborted')
  writeFileSync(path, sample)
  const abort = () => stop.abort(new Error('the run is over'))
  const transfers = createDirectTransfers(upset(world, 'put', [abort]), 'worker/mill')
  await expect(transfers.upload(path, { signal: stop.signal })).rejects.toThrow('the run is over')
  expect(world.blobs.ids()).toEqual([])
})

/** A file whose bytes never come, as from a bucket that stands still; being given back ends the wait. */
function standingStill() {
  const waiting: ((error: Error) => void)[] = []
  let givenBack = 0
  const next = () => new Promise<never>((_, reject) => void waiting.push(reject))
  const giveBack = async () => {
    givenBack++
    for (const reject of waiting) reject(new Error('given back'))
    return { done: true, value: undefined } as const
  }
  const bytes: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next, return: giveBack }) }
  return { get: async () => bytes, givenBack: () => givenBack, isWaitedFor: () => waiting.length > 0 }
}

it('a download that stands still ends with its run', async () => {
  const { world } = createWorld()
  const still = standingStill()
  const transfers = createDirectTransfers({ ...world, blobs: { ...world.blobs, get: still.get } }, 'worker/mill')
  const { id } = await transfers.upload(sample)
  const stop = new AbortController()
  const { stream } = await transfers.download(await taskWith(world, id), 'in.bin', { signal: stop.signal })
  const end = buffer(stream).catch((error: unknown) => error)
  await until('it is read', async () => still.isWaitedFor())
  stop.abort(new Error('the run is over'))
  expect(await end).toMatchObject({ message: 'the run is over' })
  expect(still.givenBack()).toBeGreaterThan(0)
})

it('a download that nobody begins to read is given back', async () => {
  const { world } = createWorld()
  const still = standingStill()
  const transfers = createDirectTransfers({ ...world, blobs: { ...world.blobs, get: still.get } }, 'worker/mill')
  const { id } = await transfers.upload(sample)
  const { stream } = await transfers.download(await taskWith(world, id), 'in.bin')
  stream.destroy()
  await until('it is given back', async () => still.givenBack() > 0)
})

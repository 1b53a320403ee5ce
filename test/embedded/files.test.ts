import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { call, type Line } from '#client/call'
import { clientOn, lineOf } from '#client/client'
import type { CreatedPayload } from '#core/contract/files'
import { buildDiskFaults, withDiskFaults } from '../support/disk-faults/with-disk-faults.ts'
import { keysOf, makeFolder, type OpenHubProcess, startHub } from '../support/hub-process.ts'
import { until } from '../support/until.ts'

/** What becomes of files when connections break, disks fill up, and hubs are killed. */

const testMostMs = 90_000
const bytes = randomBytes(2_000_000)
const declared = { size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }

function lineTo(hub: OpenHubProcess, folder: string): Line {
  const endpoint = new URL(hub.at)
  return lineOf({ endpoint, credentials: keysOf(folder), region: 'local', source: 'test' }, { tries: 1 })
}

async function declare(line: Line): Promise<CreatedPayload> {
  return (await call(line, { method: 'POST', path: '/v1/payloads', body: declared })) as CreatedPayload
}

/** Everything under `files/` of the data folder, as paths in it. */
function filesIn(folder: string): readonly string[] {
  const all = readdirSync(join(folder, 'files'), { recursive: true, withFileTypes: true })
  return all.filter((entry) => entry.isFile()).map(({ name }) => name)
}

async function put(
  at: string,
  { upload }: CreatedPayload,
  body: Uint8Array,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(new URL(upload.url, at), {
    method: 'PUT',
    headers: upload.headers,
    body: Buffer.from(body),
  })
  return { status: answer.status, text: await answer.text() }
}

/** Sends the beginning of the bytes and then nothing more; resolves when they are under way. */
function putHalf(at: string, { upload }: CreatedPayload): { readonly cut: () => void } {
  const headers = { ...upload.headers, 'content-length': declared.size }
  const outgoing = request(new URL(upload.url, at), { method: 'PUT', headers })
  outgoing.on('error', () => undefined)
  outgoing.write(bytes.subarray(0, declared.size / 2))
  return { cut: () => outgoing.destroy() }
}

describe('an upload', { timeout: testMostMs }, () => {
  test('that is cut off leaves nothing, and can be made again', async () => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path })
    const payload = await declare(lineTo(hub, folder.path))
    const half = putHalf(hub.at, payload)
    await until('half of it to be there', () => filesIn(folder.path).length === 1)
    half.cut()
    await until('it to be gone', () => filesIn(folder.path).length === 0)
    expect(await put(hub.at, payload, bytes)).toMatchObject({ status: 204 })
    expect(filesIn(folder.path)).toEqual([payload.payload.id])
  })

  test('of other bytes is refused, in words', async () => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path })
    const payload = await declare(lineTo(hub, folder.path))
    const refused = await put(hub.at, payload, randomBytes(declared.size))
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('another sha256')])
    expect(filesIn(folder.path)).toEqual([])
  })

  test('that the hub is killed in the middle of is gone after its next start, and its address still holds', async () => {
    await using folder = await makeFolder()
    const first = await startHub({ folder: folder.path })
    const payload = await declare(lineTo(first, folder.path))
    putHalf(first.at, payload)
    await until('half of it to be there', () => filesIn(folder.path).length === 1)
    first.kill('SIGKILL')
    await first.exited
    expect(filesIn(folder.path)).toHaveLength(1)
    await using second = await startHub({ folder: folder.path })
    expect(filesIn(folder.path)).toEqual([])
    expect(await put(second.at, payload, bytes)).toMatchObject({ status: 204 })
  })

  test('outlives the kill of its hub before the task is submitted, and its bytes the one after', async () => {
    await using folder = await makeFolder()
    const first = await startHub({ folder: folder.path })
    const { id: payload } = await first.client.upload(bytes)
    first.kill('SIGKILL')
    await first.exited
    const second = await startHub({ folder: folder.path, workers: ['carrier'] })
    const task = await second.client.submit('carrier.copy', undefined, { files: [{ name: 'a.bin', payload }] })
    second.kill('SIGKILL')
    await second.exited
    await using third = await startHub({ folder: folder.path, workers: ['carrier'] })
    const ended = await third.client.wait(task, { timeoutSeconds: 40 })
    expect(ended.result?.files).toMatchObject([{ name: 'copy of a.bin', sha256: declared.sha256 }])
    const got = await third.client.download(task.id, 'copy of a.bin')
    expect((await buffer(got.stream)).equals(bytes)).toBe(true)
    // Both go with the task: what it came with, and what its run made.
    await third.client.remove(task.id)
    await until('no bytes to be left', () => filesIn(folder.path).length === 0)
  })

  test('of a file that changes meanwhile is refused', async () => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path })
    const path = join(folder.path, 'growing')
    await writeFile(path, bytes)
    const line = lineTo(hub, folder.path)
    const changing: Line = {
      ...line,
      streams: async (asked) => {
        await writeFile(path, randomBytes(declared.size))
        return line.streams(asked)
      },
    }
    await expect(clientOn(changing).upload(path)).rejects.toMatchObject({ code: 'invalid' })
    await expect(clientOn(line).upload(join(folder.path, 'absent'))).rejects.toThrow(/cannot be read/)
  })
})

test('bytes that the disk has lost fail the download, and the task says so', { timeout: testMostMs }, async () => {
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: folder.path, workers: ['basics'] })
  await hub.client.pause('basics')
  const { id: payload } = await hub.client.upload(bytes)
  const task = await hub.client.submit('basics.started', undefined, { files: [{ name: 'a.bin', payload }] })
  await truncate(join(folder.path, 'files', payload.slice(-2), payload), 1_000)
  const cut = await hub.client.download(task.id, 'a.bin')
  await expect(buffer(cut.stream)).rejects.toThrow()
  await rm(join(folder.path, 'files', payload.slice(-2), payload))
  await expect(hub.client.download(task.id, 'a.bin')).rejects.toMatchObject({ code: 'not-found' })
  expect(await hub.client.get(task.id)).toMatchObject({ status: 'queued' })
})

const shimFolder = await mkdtemp(join(tmpdir(), 'taskurai-shim-'))
const build = await buildDiskFaults(shimFolder)
afterAll(() => rm(shimFolder, { recursive: true, force: true }))

describe.skipIf(!build.ok)('a disk that fills up', { timeout: testMostMs }, () => {
  test('in the middle of a file leaves nothing of it, and the hub goes on', async () => {
    await using folder = await makeFolder()
    const library = join(shimFolder, 'disk-faults.so')
    const faults = withDiskFaults({ folder: folder.path, library, match: '/files/incoming/' })
    await using hub = await startHub({ folder: folder.path, workers: ['basics'], env: faults.env })
    const payload = await declare(lineTo(hub, folder.path))
    await faults.set('write.after=500000')
    const refused = await put(hub.at, payload, bytes)
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([507, { code: 'no-room' }])
    expect(filesIn(folder.path)).toEqual([])
    const { id } = await hub.client.submit('basics.add', { a: 1, b: 2 })
    expect(await hub.client.wait(id, { timeoutSeconds: 40 })).toMatchObject({ result: { output: { sum: 3 } } })
    await faults.set('')
    expect(await put(hub.at, payload, bytes)).toMatchObject({ status: 204 })
  })

  test('shows nothing whose flush failed', async () => {
    await using folder = await makeFolder()
    const library = join(shimFolder, 'disk-faults.so')
    const faults = withDiskFaults({ folder: folder.path, library, match: '/files/incoming/' })
    await using hub = await startHub({ folder: folder.path, env: faults.env })
    const payload = await declare(lineTo(hub, folder.path))
    await faults.set('fsync.fail=5:1')
    expect(await put(hub.at, payload, bytes)).toMatchObject({ status: 500 })
    expect(filesIn(folder.path)).toEqual([])
    expect(await put(hub.at, payload, bytes)).toMatchObject({ status: 204 })
    expect(existsSync(join(folder.path, 'files', payload.payload.id.slice(-2)))).toBe(true)
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open as openFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkDataFile, openPaths } from '../../../adapters/lmdb/check-file.ts'
import { beginStore, sealStore } from '../../../adapters/lmdb/side-file.ts'

const child = fileURLToPath(new URL('../../fixtures/lmdb-child.mjs', import.meta.url))
const pageBytes = 4_096

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taskurai-check-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('an empty folder is a new store, and a made one is good', async () => {
  expect(await checkDataFile(folder)).toEqual({ kind: 'new' })
  await makeStore()
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'good', side: { phase: 'ready', pageBytes } })
})

test('a birth cut short anywhere is begun again, since nothing was accepted', async () => {
  await beginStore(folder, { pageBytes })
  expect(await checkDataFile(folder)).toEqual({ kind: 'new' })
  await writeFile(openPaths(folder).dataFile, '')
  expect(await checkDataFile(folder)).toEqual({ kind: 'new' })
  await fill(1)
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'good', side: { phase: 'creating' } })
})

test('a truncated file is refused; opened unchecked it kills the process', async () => {
  await makeStore()
  await truncate(openPaths(folder).dataFile, 3 * pageBytes)
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'truncated' })
  expect(await openUnchecked()).toBe('SIGBUS')
})

test('a file cut within its meta pages is refused at every length', async () => {
  await makeStore()
  const whole = await readFile(openPaths(folder).dataFile)
  for (const length of [1, 27, 28, 100, 167, 168, 4_095, 4_096, 4_200, 8_191, 8_192]) {
    await writeFile(openPaths(folder).dataFile, whole.subarray(0, length))
    expect(await checkDataFile(folder), `${length} bytes`).toMatchObject({ kind: 'refused', reason: 'truncated' })
  }
})

test('an emptied file is refused; opened unchecked it is a hub without tasks', async () => {
  await makeStore()
  await truncate(openPaths(folder).dataFile, 0)
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'empty' })
  expect(await openUnchecked()).toBe('0')
})

test('a removed file is refused, with a way out', async () => {
  await makeStore()
  await rm(openPaths(folder).dataFile)
  const check = await checkDataFile(folder)
  expect(check).toMatchObject({ kind: 'refused', reason: 'missing' })
  expect(check).toMatchObject({ message: expect.stringMatching(/is gone.*restore.*backup.*TASKURAI_DATA/) })
})

test('a foreign file is refused, with and without a side file', async () => {
  await makeStore()
  await writeFile(openPaths(folder).dataFile, Buffer.alloc(64 * 1024, 'a text '))
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'foreign' })
  await rm(openPaths(folder).sideFile)
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'foreign' })
})

test('a foreign body behind a good mark is refused; opened unchecked it kills the process', async () => {
  await makeStore()
  await overwrite(pageBytes, Buffer.alloc(pageBytes, 0xff))
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'foreign' })
  expect(await openUnchecked()).toMatch(/^SIG/)
})

test('a store without its side file is refused as foreign', async () => {
  await makeStore()
  await rm(openPaths(folder).sideFile)
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'foreign' })
})

test('a store of another page size than its side file tells is refused', async () => {
  await beginStore(folder, { pageBytes: 8_192 })
  await fill(1)
  await sealStore(folder)
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'page-size' })
})

test('another data version is refused', async () => {
  await makeStore()
  await overwrite(28, Buffer.from([99, 0, 0, 0]))
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'foreign' })
})

test('a side file that is not one is refused', async () => {
  await makeStore()
  for (const text of ['', '{', '[]', '{"format":2,"storeId":"x","pageBytes":4096,"createdAt":"y","phase":"ready"}']) {
    await writeFile(openPaths(folder).sideFile, text)
    expect(await checkDataFile(folder), text).toMatchObject({ kind: 'refused', reason: 'side-file' })
  }
})

test('a healthy file that ends before its last page is good, but not if data is cut off too', async () => {
  await makeStore()
  const short = await makeShort()
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'good' })
  await truncate(openPaths(folder).dataFile, short - 40 * pageBytes)
  expect(await checkDataFile(folder)).toMatchObject({ kind: 'refused', reason: 'truncated' })
})

test('a store whose writer was killed opens well each time, with all it had acknowledged', async () => {
  await makeStore()
  for (let round = 0; round < 10; round += 1) {
    const lastDurable = await writeAndKill()
    expect(await checkDataFile(folder), `round ${round}`).toMatchObject({ kind: 'good' })
    const root = openStore()
    const tasks = root.openDB<string, string>({ name: 'tasks', encoding: 'string' })
    expect(tasks.get(lastDurable), `round ${round}`).toHaveLength(600)
    await root.close()
  }
}, 60_000)

function openStore() {
  return open({
    path: openPaths(folder).dataFile,
    noSubdir: true,
    overlappingSync: false,
    maxDbs: 4,
    pageSize: pageBytes,
  })
}

async function makeStore(): Promise<void> {
  await beginStore(folder, { pageBytes })
  await fill(200)
  await sealStore(folder)
}

async function fill(count: number): Promise<void> {
  const root = openStore()
  const tasks = root.openDB<string, string>({ name: 'tasks', encoding: 'string' })
  await Promise.all(Array.from({ length: count }, (_, n) => tasks.put(`task-${n}`, 'v'.repeat(600))))
  await root.close()
}

/** Takes pages and gives them back in the same commit, so that they are counted but never written. */
async function makeShort(): Promise<number> {
  const root = openStore()
  const tasks = root.openDB<string, string>({ name: 'tasks', encoding: 'string' })
  let bytes: number | undefined
  for (let round = 1; round <= 10 && bytes === undefined; round += 1) {
    await root.transaction(() => {
      tasks.putSync('task-1', 'w'.repeat(600 + round))
      tasks.putSync('big', 'b'.repeat(round * 100_000))
      tasks.removeSync('big')
    })
    bytes = await lengthIfShort()
  }
  await root.close()
  if (bytes === undefined) throw new Error('no commit left the file shorter than its last page')
  return bytes
}

async function lengthIfShort(): Promise<number | undefined> {
  const bytes = await readFile(openPaths(folder).dataFile)
  const metas = [0, pageBytes].map((at) => ({
    last: bytes.readBigUInt64LE(at + 144),
    id: bytes.readBigUInt64LE(at + 152),
  }))
  const newest = metas.reduce((one, other) => (other.id > one.id ? other : one))
  return bytes.length < (Number(newest.last) + 1) * pageBytes ? bytes.length : undefined
}

async function overwrite(at: number, bytes: Buffer): Promise<void> {
  const file = await openFile(openPaths(folder).dataFile, 'r+')
  await file.write(bytes, 0, bytes.length, at)
  await file.close()
}

/** Opens the store in a child that may crash; answers the signal that ended it, or what it said, or its failure. */
async function openUnchecked(): Promise<string> {
  const process_ = startChild('open')
  let said = ''
  process_.stdout.on('data', (part) => {
    said += part
  })
  const [code, signal] = await once(process_, 'close')
  return signal ?? (code === 0 ? said.trim() : `exit ${code}`)
}

/** Lets a child write until ten commits are durable, kills it, and answers the last one it knew to be durable. */
async function writeAndKill(): Promise<string> {
  const process_ = startChild('write')
  let last = ''
  let count = 0
  for await (const line of createInterface({ input: process_.stdout })) {
    last = line
    count += 1
    if (count === 10) process_.kill('SIGKILL')
  }
  expect(count).toBeGreaterThanOrEqual(10)
  return last
}

function startChild(work: 'open' | 'write') {
  return spawn(process.execPath, [child, openPaths(folder).dataFile, work], { stdio: ['ignore', 'pipe', 'ignore'] })
}

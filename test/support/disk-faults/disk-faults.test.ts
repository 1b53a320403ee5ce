import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildDiskFaults, type DiskFaults, errno, withDiskFaults } from './with-disk-faults.ts'

const child = fileURLToPath(new URL('../../fixtures/disk-faults-child.mjs', import.meta.url))
const pageBytes = 4_096
const slowMs = 400
const mostPutsUntilFull = 200

const buildFolder = await mkdtemp(join(tmpdir(), 'taskurai-shim-'))
const build = await buildDiskFaults(buildFolder)
const title = build.ok ? 'lmdb without overlappingSync' : `lmdb on a faulty disk: skipped, since ${build.reason}`

afterAll(() => rm(buildFolder, { recursive: true, force: true }))

describe.skipIf(!build.ok)(title, () => {
  let folder: string
  let faults: DiskFaults
  let store: Store

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'taskurai-disk-'))
    faults = withDiskFaults({ folder, library: join(buildFolder, 'disk-faults.so') })
    store = await startStore(faults, join(folder, 'store.mdb'))
    expect(await store.tell('put base 100')).toMatchObject({ isThere: true })
  })

  afterEach(async () => {
    await store.kill()
    await rm(folder, { recursive: true, force: true })
  })

  test('makes a commit durable by one fdatasync and one O_DSYNC write', async () => {
    const before = await faults.countCalls()
    await store.tell('put one 600')
    const after = await faults.countCalls()
    expect((after.fdatasync ?? 0) - (before.fdatasync ?? 0)).toBe(1)
    expect((after.dsync ?? 0) - (before.dsync ?? 0)).toBe(1)
    expect(after.msync).toBeUndefined()
  })

  test.each(['fdatasync', 'dsync'])('shows nothing before it is durable, with a slow %s', async (kind) => {
    await faults.set(`${kind}.delay=${slowMs}`)
    const put = await store.tell('put slow 600')
    expect(put.isThere).toBe(true)
    expect(put.ms).toBeGreaterThanOrEqual(slowMs)
    // The commit is there a moment before its promise tells it.
    expect(put.readableAfterMs ?? put.ms).toBeGreaterThanOrEqual(slowMs)
  })

  test('rejects a put whose fdatasync failed, and the value is gone, also after a kill', async () => {
    await faults.set(`fdatasync.fail=${errno.EIO}:1`)
    const failed = await store.tell('put lost 600')
    expect(failed).toMatchObject({ commitError: errno.EIO, isThere: false })
    expect(failed.readableAfterMs).toBeUndefined()
    expect(await store.tell('put next 600')).toMatchObject({ isThere: true })
    expect(await store.tell('rejections')).toEqual([expect.stringContaining('commitError')])
    await store.kill()
    expect(await readKeys(folder)).toEqual(['base', 'next'])
  })

  test('throws from a synchronous transaction whose fdatasync failed', async () => {
    await faults.set(`fdatasync.fail=${errno.EIO}:1`)
    expect(await store.tell('sync lost 600')).toMatchObject({ error: expect.any(String), isThere: false })
  })

  test('is dead for good after a failed write of the meta page: reads throw, puts never settle', async () => {
    await faults.set(`dsync.fail=${errno.EIO}:1`)
    expect(await store.tell('put lost 600')).toMatchObject({ commitError: errno.EIO })
    expect(await store.tell('get base')).toMatchObject({ isThere: expect.stringContaining('MDB_PANIC') })
    expect(await store.tell('sync next 600')).toMatchObject({ error: expect.any(String) })
    expect(await store.tell('put next 600')).toMatchObject({ error: 'never settled' })
    await store.kill()
    expect(await readKeys(folder)).toEqual(['base'])
  })

  test('loses nothing acknowledged when the disk is full, and goes on when there is room', async () => {
    const { size } = await stat(join(folder, 'store.mdb'))
    await faults.set(`write.after=${size + 20 * pageBytes}`)
    const kept: string[] = ['base']
    const lost: string[] = []
    for (let n = 0; n < mostPutsUntilFull && lost.length < 3; n += 1) {
      const put = await store.tell(`put key-${n} 2000`)
      if (put.error === undefined) kept.push(`key-${n}`)
      else {
        expect(put).toMatchObject({ commitError: errno.ENOSPC, isThere: false })
        lost.push(`key-${n}`)
      }
    }
    expect(lost).toHaveLength(3)
    await faults.set('')
    expect(await store.tell('put roomy 2000')).toMatchObject({ isThere: true })
    await store.kill()
    expect(await readKeys(folder)).toEqual([...kept, 'roomy'].sort())
  })
})

type Put = {
  readonly ms: number
  readonly readableAfterMs?: number
  readonly error?: string
  readonly commitError?: number
  readonly isThere: boolean | string
}
type Store = { tell(command: string): Promise<Put>; kill(): Promise<void> }

async function startStore(faults: DiskFaults, path: string): Promise<Store> {
  const process_: ChildProcess = faults.spawnNode([child, path], { stdio: ['pipe', 'pipe', 'ignore'] })
  if (process_.stdin === null || process_.stdout === null) throw new Error('the child has no pipes')
  const { stdin, stdout } = process_
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    tell: async (command) => {
      stdin.write(`${command}\n`)
      // lmdb itself prints some errors on standard output; answers are JSON.
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        if (/^[[{"]/.test(line.value)) return JSON.parse(line.value)
      }
      throw new Error(`the child ended at: ${command}`)
    },
    kill: async () => {
      if (process_.exitCode !== null || process_.signalCode !== null) return
      process_.kill('SIGKILL')
      await once(process_, 'exit')
    },
  }
}

async function readKeys(folder: string): Promise<readonly string[]> {
  const root = open({ path: join(folder, 'store.mdb'), noSubdir: true, overlappingSync: false, maxDbs: 4 })
  const tasks = root.openDB<string, string>({ name: 'tasks', encoding: 'string' })
  const keys = [...tasks.getKeys()]
  await root.close()
  return keys
}

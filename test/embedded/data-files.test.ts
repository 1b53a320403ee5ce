import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Client, TaskuraiError } from '#client/index'
import { buildDiskFaults, type DiskFaults, errno, withDiskFaults } from '../support/disk-faults/with-disk-faults.ts'
import { clientOf, makeFolder, spawnHub, startHub } from '../support/hub-process.ts'

/** What a hub does when its disk is not what it should be: it says so and stops, and loses nothing that it accepted. */

const testMostMs = 90_000
const submitsMost = 3_000
const pageBytes = 4_096

describe('a data file that is not one', { timeout: testMostMs }, () => {
  const fates = {
    'cut short': async (path: string) =>
      truncate(path, Math.floor((await stat(path)).size / 2 / pageBytes) * pageBytes),
    emptied: (path: string) => truncate(path, 0),
    removed: (path: string) => rm(path),
    'another program’s': (path: string) => writeFile(path, 'SQLite format 3\0'.padEnd(40_000, 'x')),
  }
  test.each(Object.entries(fates))('%s is refused, in words, and left as it is', async (_fate, spoil) => {
    await using folder = await makeFolder()
    const path = join(folder.path, 'store.mdb')
    const hub = await startHub({ folder: folder.path, workers: ['basics'] })
    await hub.client.pause('basics')
    await submitUntilRefused(hub.client, 20)
    hub.kill('SIGKILL')
    await hub.exited
    await spoil(path)
    const before = await stat(path).catch(() => undefined)
    await using again = spawnHub({ folder: folder.path })
    expect(await again.exited).toEqual({ code: 4, signal: null })
    expect(again.output()).toMatch(/store\.mdb/)
    expect(again.output()).not.toMatch(/\n\s+at /)
    const after = await stat(path).catch(() => undefined)
    expect(after?.size).toBe(before?.size)
    expect(after?.mtimeMs).toBe(before?.mtimeMs)
  })
})

const buildFolder = await mkdtemp(join(tmpdir(), 'taskurai-shim-'))
const build = await buildDiskFaults(buildFolder)
const title = build.ok ? 'a disk that fails under a hub' : `a disk that fails: skipped, since ${build.reason}`
afterAll(() => rm(buildFolder, { recursive: true, force: true }))

describe.skipIf(!build.ok)(title, { timeout: testMostMs }, () => {
  const failures = {
    'fdatasync fails once': async (faults: DiskFaults) => faults.set(`fdatasync.fail=${errno.EIO}:1`),
    'a write of a meta page fails': async (faults: DiskFaults) => faults.set(`dsync.fail=${errno.EIO}:1`),
    'there is no room left': async (faults: DiskFaults, data: string) => {
      const { size } = await stat(join(data, 'store.mdb'))
      await faults.set(`write.after=${size + 20 * pageBytes}`)
    },
  }
  test.each(Object.entries(failures))(
    '%s: the hub says so and ends, and what it accepted is there',
    async (_name, fail) => {
      await using folder = await makeFolder()
      const data = join(folder.path, 'data')
      const faults = withDiskFaults({ folder: folder.path, library: join(buildFolder, 'disk-faults.so') })
      await using hub = await startHub({ folder: data, workers: ['basics'], env: { ...faults.env } })
      await hub.client.pause('basics')
      const ids = await submitUntilRefused(hub.client, 5)
      await fail(faults, data)
      const impatient = clientOf(data, hub.at, { tries: 1 })
      ids.push(...(await submitUntilRefused(impatient, submitsMost)))
      expect(ids.length).toBeLessThan(submitsMost)
      expect((await hub.exited).code).toBe(1)
      expect(hub.output()).toContain('the store cannot write any more, so the hub stops')
      await faults.set('')
      await using again = await startHub({ folder: data })
      for (const id of ids) expect(await again.client.get(id)).toMatchObject({ id })
      await again.client.resume('basics')
    },
  )
})

/** The ids of what was accepted, until something is not. */
async function submitUntilRefused(client: Client, most: number): Promise<string[]> {
  const ids: string[] = []
  const text = 'x'.repeat(2_000)
  for (let n = 0; n < most; n++) {
    try {
      ids.push((await client.submit('basics.echo', { text: `${n} ${text}` })).id)
    } catch (error) {
      if (error instanceof TaskuraiError) return ids
      throw error
    }
  }
  return ids
}

import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createTaskLogFiles } from '#adapters/files/task-logs'
import type { LogLine } from '#core/contract/logs'

const life = { id: '01K9Z0000000000000000000AB', born: 'b1' }

const lineOf = (text: string, run?: number): LogLine => ({
  at: '2026-11-30T08:00:00.123Z',
  level: 'info',
  text,
  ...(run === undefined ? {} : { run }),
})

async function makeLogs(options: { readonly bytesMost?: number; readonly pendingBytesMost?: number } = {}) {
  const parent = await mkdtemp(join(tmpdir(), 'taskurai-logs-'))
  const folder = join(parent, 'logs')
  const failures: unknown[] = []
  const open = () =>
    createTaskLogFiles({ folder, bytesMost: 10_000, onFailed: (error) => failures.push(error), ...options })
  return {
    folder,
    failures,
    open,
    logs: open(),
    path: join(folder, 'AB', `${life.id}-${life.born}.log`),
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  }
}

const all = { cursor: undefined, limit: 1_000 }

it('keeps lines in order, and a cursor goes on behind the last one, also after a restart', async () => {
  await using place = await makeLogs()
  for (const text of ['a', 'b', 'c']) place.logs.append(life, lineOf(text, 1))
  const first = await place.logs.read(life, { cursor: undefined, limit: 2 })
  expect(first).toEqual({ lines: [lineOf('a', 1), lineOf('b', 1)], cursor: '2' })
  expect(await place.logs.read(life, { cursor: '2', limit: 2 })).toEqual({ lines: [lineOf('c', 1)], cursor: '3' })
  expect(await place.logs.read(life, { cursor: '3', limit: 2 })).toEqual({ lines: [], cursor: '3' })
  const again = place.open()
  again.append(life, lineOf('d'))
  expect(await again.read(life, { cursor: '3', limit: 2 })).toEqual({ lines: [lineOf('d')], cursor: '4' })
  expect((await stat(place.path)).mode & 0o077).toBe(0)
})

it('a task that never logged has an empty page, no cursor and no file', async () => {
  await using place = await makeLogs()
  expect(await place.logs.read(life, all)).toEqual({ lines: [] })
  await place.logs.remove(life)
  await expect(readdir(place.folder)).rejects.toThrow('ENOENT')
})

it('keeps the newest lines of a noisy task within its bytes, and counts what it lost', async () => {
  await using place = await makeLogs({ bytesMost: 4_000 })
  for (let n = 1; n <= 500; n++) {
    place.logs.append(life, lineOf(`line ${n} ${'x'.repeat(40)}`))
    if (n % 10 === 0) await place.logs.settled()
  }
  const { lines, leftOut = 0, cursor } = await place.logs.read(life, all)
  expect(lines.at(-1)?.text).toMatch(/^line 500 /)
  expect(leftOut + lines.length).toBe(500)
  expect(lines.length).toBeGreaterThan(20)
  expect(cursor).toBe('500')
  const files = await readdir(join(place.folder, 'AB'))
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(place.folder, 'AB', file))).size))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(4_000)
})

it.each([{ pendingBytesMost: 1_000 }, { bytesMost: 2_000 }])(
  'of a burst beyond what may wait the newest stay, and the others are counted (%o)',
  async (options) => {
    await using place = await makeLogs(options)
    for (let n = 1; n <= 100; n++) place.logs.append(life, lineOf(`line ${n}`))
    await place.logs.settled()
    place.logs.append(life, lineOf('the last'))
    const { lines, leftOut = 0, cursor } = await place.logs.read(life, all)
    expect(lines.length).toBeLessThan(20)
    expect(lines.slice(-2).map(({ text }) => text)).toEqual(['line 100', 'the last'])
    expect(leftOut + lines.length).toBe(101)
    expect(cursor).toBe('101')
  },
)

it('a burst of one task leaves what waits of another', async () => {
  await using place = await makeLogs({ pendingBytesMost: 1_000 })
  const other = { ...life, born: 'other' }
  place.logs.append(other, lineOf('of the other'))
  for (let n = 1; n <= 100; n++) place.logs.append(life, lineOf(`line ${n}`))
  await place.logs.settled()
  expect((await place.logs.read(other, all)).lines).toMatchObject([{ text: 'of the other' }])
  expect((await place.logs.read(life, all)).lines.at(-1)).toMatchObject({ text: 'line 100' })
})

it('what a crash cut off is passed over, and the next line begins a line of its own', async () => {
  await using place = await makeLogs()
  place.logs.append(life, lineOf('whole'))
  await place.logs.settled()
  await appendFile(place.path, '[2,17')
  const again = place.open()
  again.append(life, lineOf('next'))
  expect((await again.read(life, all)).lines.map(({ text }) => text)).toEqual(['whole', 'next'])
  expect((await readFile(place.path, 'utf8')).split('\n')).toHaveLength(4)
})

it('foreign text in a file is passed over', async () => {
  await using place = await makeLogs()
  place.logs.append(life, lineOf('a'))
  await place.logs.settled()
  await writeFile(place.path, '[1]\n{}\n[null,1,"info",0,"x"]\n[1,2,"loud",0,"x"]\n[7,1,"warn",0,"kept"]\n')
  expect(await place.logs.read(life, all)).toMatchObject({ lines: [{ text: 'kept' }], cursor: '7' })
})

it('a removed life leaves nothing, and the next life of the id finds nothing old', async () => {
  await using place = await makeLogs({ bytesMost: 600 })
  for (let n = 0; n < 20; n++) {
    place.logs.append(life, lineOf(`line ${n}`))
    await place.logs.settled()
  }
  expect(await readdir(join(place.folder, 'AB'))).toHaveLength(2)
  place.logs.append(life, lineOf('still on its way'))
  await place.logs.remove(life)
  expect(await readdir(join(place.folder, 'AB'))).toEqual([])
  expect(await place.logs.read({ ...life, born: 'b2' }, all)).toEqual({ lines: [] })
})

it('a disk that fails loses lines and tells so; later ones are kept', async () => {
  await using place = await makeLogs()
  place.logs.append(life, lineOf('a'))
  await place.logs.settled()
  await rm(place.path)
  // A folder where the file should be: every append fails, for root too.
  await mkdir(place.path)
  place.logs.append(life, lineOf('lost'))
  await place.logs.settled()
  expect(place.failures).toHaveLength(1)
  await rmdir(place.path)
  place.logs.append(life, lineOf('kept'))
  expect(await place.logs.read(life, all)).toMatchObject({ lines: [{ text: 'kept' }] })
})

it.each(['x', '-1', '1.5', '9'.repeat(16)])('refuses the cursor %s', async (cursor) => {
  await using place = await makeLogs()
  await expect(place.logs.read(life, { cursor, limit: 1 })).rejects.toMatchObject({ code: 'bad-cursor' })
})

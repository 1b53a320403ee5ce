import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFolder, socketPath } from '../../embedded/lock.ts'

const child = fileURLToPath(new URL('../fixtures/lock-child.ts', import.meta.url))
const starters = 10

let folder: string
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taskurai-lock-'))
})

afterEach(async () => {
  for (const process of children.splice(0)) await kill(process)
  await rm(folder, { recursive: true, force: true })
})

test('a folder has one hub, and the second is told who the first is', async () => {
  const first = await lockFolder(folder)
  if (!first.ok) throw new Error(first.message)
  first.setEndpoint('http://127.0.0.1:4400')
  const second = await lockFolder(folder)
  if (second.ok) throw new Error('two hubs hold one folder')
  expect(second.holder).toMatchObject({ pid: process.pid, endpoint: 'http://127.0.0.1:4400' })
  expect(second.message).toMatch(`another hub (pid ${process.pid}, http://127.0.0.1:4400) already uses taskurai-lock-`)
  expect(second.message).toMatch('stop it or set TASKURAI_DATA')
  await first.release()
})

test('a released folder can be taken again and nothing is left in it', async () => {
  for (let round = 0; round < 3; round += 1) {
    const lock = await lockFolder(folder)
    if (!lock.ok) throw new Error(lock.message)
    await lock.release()
    await lock.release()
  }
  expect(await readdir(folder)).toEqual([])
})

test('the socket of a killed hub is replaced', async () => {
  const dead = await startChild()
  expect(await dead.go()).toMatchObject({ ok: true })
  await kill(dead.process)
  expect(await readdir(folder)).toEqual(['hub.sock'])
  const lock = await lockFolder(folder)
  if (!lock.ok) throw new Error(lock.message)
  await lock.release()
})

test('of ten starters at once on a stale socket exactly one wins, and the others name it', async () => {
  const dead = await startChild()
  await dead.go()
  await kill(dead.process)
  const racers = await Promise.all(Array.from({ length: starters }, startChild))
  const outcomes = await Promise.all(racers.map((racer) => racer.go()))
  const winners = racers.filter((_, index) => outcomes[index]?.ok === true)
  expect(winners).toHaveLength(1)
  for (const outcome of outcomes.filter(({ ok }) => !ok)) {
    expect(outcome.message).toMatch(`another hub (pid ${winners[0]?.process.pid}`)
  }
}, 60_000)

test('starters that were killed while they looked do not stand in the way', async () => {
  const gone = await startChild()
  await kill(gone.process)
  await writeFile(join(folder, `.starting-${gone.process.pid}-1-1`), '')
  await writeFile(join(folder, `.starting-${process.pid}-1-1`), '')
  const lock = await lockFolder(folder)
  if (!lock.ok) throw new Error(lock.message)
  await lock.release()
  expect(await readdir(folder)).toEqual([])
})

test('a holder that lives but does not answer is not pushed aside', async () => {
  const mute = createServer(() => {})
  mute.listen(socketPath(folder))
  await once(mute, 'listening')
  const lock = await lockFolder(folder)
  expect(lock).toMatchObject({ ok: false, holder: undefined })
  mute.close()
})

test('a folder whose path is too long for a socket is locked by a socket elsewhere', async () => {
  const deep = join(folder, 'd'.repeat(120))
  await mkdir(deep)
  expect(Buffer.byteLength(socketPath(deep))).toBeLessThanOrEqual(100)
  const lock = await lockFolder(deep)
  if (!lock.ok) throw new Error(lock.message)
  expect(await lockFolder(deep)).toMatchObject({ ok: false, holder: { pid: process.pid } })
  await lock.release()
  const again = await lockFolder(deep)
  if (!again.ok) throw new Error(again.message)
  await again.release()
})

type Outcome = { readonly ok: boolean; readonly message: string }

/** A child that is loaded and waits for its start, so that several can start in the same moment. */
async function startChild(): Promise<{ readonly process: ChildProcess; go(): Promise<Outcome> }> {
  const process_ = spawn(process.execPath, ['--import', 'tsx', child, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(process_)
  const lines = createInterface({ input: process_.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    process: process_,
    go: async () => {
      process_.stdin.write('go\n')
      return JSON.parse((await lines.next()).value)
    },
  }
}

async function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  process.kill('SIGKILL')
  await once(process, 'exit')
}

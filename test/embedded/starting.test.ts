import { execFile, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { followHub, type HubProcess, makeFolder, plainEnv, spawnHub, startHub } from '../support/hub-process.ts'
import { until } from '../support/until.ts'

/** How a hub starts, refuses to, and stops. */

const testMostMs = 60_000

describe('a hub that starts', { timeout: testMostMs }, () => {
  test('with TASKURAI_PORT=0 takes any free port and prints it', async () => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path, env: { TASKURAI_PORT: '0' } })
    expect(hub.at).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/)
    expect(await hub.client.health()).toBeDefined()
  })

  test('is refused a port that is taken, in words that help', async () => {
    await using folder = await makeFolder()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await using hub = spawnHub({ folder: folder.path, env: { TASKURAI_PORT: String(port) } })
    expect(await hub.exited).toEqual({ code: 4, signal: null })
    expect(hub.output()).toContain(`port ${port} on 127.0.0.1 is taken: set TASKURAI_PORT`)
    await new Promise((resolve) => other.close(resolve))
  })

  test('is told of a port that is none', async () => {
    await using folder = await makeFolder()
    await using hub = spawnHub({ folder: folder.path, env: { TASKURAI_PORT: 'web' } })
    expect(await hub.exited).toEqual({ code: 2, signal: null })
    expect(hub.output()).toContain('TASKURAI_PORT is "web", which is no port')
  })

  test('on a folder that another hub has is refused, and says where that one is', async () => {
    await using folder = await makeFolder()
    await using first = await startHub({ folder: folder.path })
    await using second = spawnHub({ folder: folder.path })
    expect(await second.exited).toEqual({ code: 4, signal: null })
    expect(second.output()).toContain(`another hub (pid ${first.child.pid}, ${first.at}) already uses`)
    expect(await first.client.health()).toBeDefined()
  })

  test('with a module that is no worker says so and leaves nothing running', async () => {
    await using folder = await makeFolder()
    await using hub = spawnHub({ folder: folder.path, workers: ['record'] })
    expect(await hub.exited).toEqual({ code: 2, signal: null })
    expect(hub.output()).toMatch(/record\.ts/)
  })
})

describe('a hub that is told to stop', { timeout: testMostMs }, () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s hands back what runs, and leaves no process behind',
    async (signal) => {
      await using folder = await makeFolder()
      const hub = await startHub({ folder: folder.path, workers: ['basics'] })
      const { id } = await hub.client.submit('basics.wait', { ms: 60_000 })
      await until('it runs', async () => (await hub.client.get(id)).status === 'running')
      const children = await childrenOf(hub)
      expect(children.length).toBeGreaterThan(0)
      const toldAtMs = performance.now()
      hub.kill(signal)
      expect(await hub.exited).toEqual({ code: 0, signal: null })
      // The grace that instances are given here is a second, and two to settle.
      expect(performance.now() - toldAtMs).toBeLessThan(10_000)
      expect(children.filter(isAlive)).toEqual([])
      await using again = await startHub({ folder: folder.path })
      const task = await again.client.get(id)
      expect(task).toMatchObject({ status: 'queued', runCount: 1 })
      expect(task.history.at(-1)).toMatchObject({ move: 'interrupted' })
      expect(task).not.toHaveProperty('crashCount')
    },
  )

  test('twice ends at once', async () => {
    await using folder = await makeFolder()
    const env = { TASKURAI_GRACE_SECONDS: '20' }
    await using hub = await startHub({ folder: folder.path, workers: ['basics'], env })
    const { id } = await hub.client.submit('basics.wait', { ms: 60_000 })
    await until('it runs', async () => (await hub.client.get(id)).status === 'running')
    const [instance] = await childrenOf(hub)
    hub.kill('SIGINT')
    await until('it says so', () => hub.output().includes('press Ctrl-C again'))
    hub.kill('SIGINT')
    expect((await hub.exited).code).toBe(130)
    // The instance heard of the first one; it is not waited for here.
    if (instance !== undefined && isAlive(instance)) process.kill(instance, 'SIGKILL')
  })
})

test('npm start without the example only serves, and stops with 0', { timeout: testMostMs }, async () => {
  await using folder = await makeFolder()
  const program = fileURLToPath(new URL('../../bin/start.ts', import.meta.url))
  const env = plainEnv({ TASKURAI_PORT: '0', TASKURAI_DATA: folder.path })
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, '--no-example'], { env })
  await using hub = followHub(child)
  await until('it is open', () => hub.endpoint())
  hub.kill('SIGINT')
  expect(await hub.exited).toEqual({ code: 0, signal: null })
})

/** Processes whose parent the hub is: its instances. */
async function childrenOf(hub: HubProcess): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === hub.child.pid)
    .map(([pid]) => pid ?? 0)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Task } from '#core/contract/task'
import { startFeeder } from '../support/feeder.ts'
import { freePort } from '../support/free-port.ts'
import { clientOf, type HubProcess, makeFolder, spawnHub } from '../support/hub-process.ts'
import { livingInstances, readRecord } from '../support/recorded.ts'
import { until } from '../support/until.ts'

/**
 * A hub and its instances are killed at random moments, while somebody submits all the time. What was accepted ends
 * once, by the store's word; after a crash a handler may have run twice, which is why it is told to be idempotent.
 */

const rounds = Number(process.env.ROUNDS ?? 50)
const openMostMs = 60_000
const leastMs = 50
const mostMs = 600
/** Of the kills so many hit a hub or an instance that may still be starting. */
const earlyShare = 0.2
const testMostMs = 60_000 + rounds * 4_000
/** A run that nobody holds is found after three leases and a tick; crashes and backoffs come on top. */
const endMostSeconds = 40
const waitersAtOnce = 25
const terminal = new Set(['succeeded', 'failed', 'canceled', 'expired'])

test(
  `kill -9 of hub or instance, ${rounds} rounds: whatever was accepted ends exactly once`,
  async () => {
    await using folder = await makeFolder()
    const records = join(folder.path, 'records')
    await mkdir(records)
    const port = await freePort()
    const data = join(folder.path, 'data')
    const env = { TASKURAI_TEST_RECORD: records }
    // Only the first one is told of the worker; the others find it in the folder.
    const start = (workers: readonly string[] = []) => spawnHub({ folder: data, port, workers, env })
    const client = () => clientOf(data, `http://127.0.0.1:${port}`, { tries: 1, tryTimeoutSeconds: 5 })
    let hub: HubProcess = start(['steady'])
    await using _last = { [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() }
    await until(
      'an open hub',
      async () => hub.endpoint() !== undefined && hub.output().includes('worker steady'),
      openMostMs,
    )
    const feeders = ['one', 'two'].map((name) => startFeeder({ client, name, chance: Math.random }))
    const killed = { hubs: 0, instances: 0 }

    for (let round = 0; round < rounds; round++) {
      if (Math.random() > earlyShare) await until('an open hub', () => hub.endpoint(), openMostMs)
      await pause(leastMs + Math.random() * (mostMs - leastMs))
      const instances = livingInstances(records)
      const victim = instances[Math.floor(Math.random() * instances.length)]
      if (victim !== undefined && Math.random() < 0.5) {
        process.kill(victim, 'SIGKILL')
        killed.instances++
        continue
      }
      hub.kill('SIGKILL')
      await hub.exited
      killed.hubs++
      hub = start()
    }

    await Promise.all(feeders.map((feeder) => feeder.stop()))
    const ids = feeders.flatMap(({ accepted }) => [...accepted.values()])
    const ended = await endsOf(ids)
    const ran = new Set(readRecord(records, 'runs').map(({ task }) => task))
    const counts = { accepted: ids.length, ...killed, runs: readRecord(records, 'runs').length, crashed: 0 }
    expect(new Set(ids).size).toBe(ids.length)
    for (const task of ended) {
      const ends = task.history.filter(({ move }) => terminal.has(move))
      expect(ends.map(({ move }) => move)).toEqual([task.status])
      expect(task.history.at(-1)?.move).toBe(task.status)
      if (task.status === 'succeeded') expect(ran).toContain(task.id)
      else expect(task).toMatchObject({ status: 'failed', error: { code: 'crashed' } })
      if (task.status === 'failed') counts.crashed++
    }
    const listed = new Set<string>()
    for await (const { id } of patient().listAll({ command: 'steady.step', limit: 100 })) listed.add(id)
    expect(listed).toEqual(new Set(ids))

    hub.kill('SIGINT')
    expect(await hub.exited).toEqual({ code: 0, signal: null })
    await until('no instance left behind', () => livingInstances(records).length === 0, 5_000)
    process.stdout.write(`kill rounds: ${JSON.stringify(counts)}\n`)

    function patient() {
      return clientOf(data, `http://127.0.0.1:${port}`, { totalSeconds: 60 })
    }

    async function whatStands(id: string): Promise<string> {
      const stands = { task: await patient().get(id), worker: await patient().worker('steady') }
      const instances = readRecord(records, 'instances').length
      return JSON.stringify({ ...stands, instances, living: livingInstances(records), hub: hub.output() }, null, 1)
    }

    async function endsOf(all: readonly string[]): Promise<readonly Task[]> {
      const open = [...all]
      const tasks: Task[] = []
      const one = async () => {
        for (let id = open.pop(); id !== undefined; id = open.pop()) {
          await patient()
            .wait(id, { timeoutSeconds: endMostSeconds })
            .catch(async (cause: unknown) => {
              throw new Error(await whatStands(id), { cause })
            })
          tasks.push(await patient().get(id))
        }
      }
      await Promise.all(Array.from({ length: waitersAtOnce }, one))
      return tasks
    }
  },
  testMostMs,
)

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Client } from '#client/index'
import { makeFolder, startHub } from '../support/hub-process.ts'
import { until } from '../support/until.ts'

/** What runs log, from the handler over the instance's output into the data folder, and out by the API. */

const testMostMs = 90_000

/** The last lines of a run may come just behind its end. */
async function textsOf(client: Client, id: string, count: number): Promise<readonly string[]> {
  const seen = await until(`${count} lines of ${id}`, async () => {
    const { lines } = await client.logs(id)
    return lines.length >= count && lines
  })
  return seen.map(({ level, run, text }) => `${run} ${level} ${text}`)
}

async function filesUnder(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

it(
  'are kept with their task over restarts, and go with it; a task that says nothing leaves nothing',
  async () => {
    await using folder = await makeFolder()
    const logs = join(folder.path, 'logs')
    const options = { folder: folder.path, workers: ['talkative'] }
    let talked: string
    let flaky: string
    {
      await using hub = await startHub(options)
      const silent = await hub.client.submit('talkative.silent')
      await hub.client.wait(silent)
      await until('the output of the silent one', () => hub.output().includes('no line of a task'))
      expect(await filesUnder(logs)).toEqual([])
      talked = (await hub.client.submit('talkative.talk', { lines: 3 })).id
      flaky = (await hub.client.submit('talkative.flaky')).id
      await Promise.all([hub.client.wait(talked), hub.client.wait(flaky)])
      expect(await textsOf(hub.client, talked, 3)).toEqual([
        '1 info line.said n=1',
        '1 info line.said n=2',
        '1 info line.said n=3',
      ])
      expect(await textsOf(hub.client, flaky, 2)).toEqual([
        '1 warn about.to.fail why="it is the first run"',
        '2 info well now=true',
      ])
      expect(await hub.client.logs(silent.id)).toEqual({ lines: [] })
      expect(await filesUnder(logs)).toHaveLength(2)
      hub.kill('SIGKILL')
      await hub.exited
    }
    await using again = await startHub(options)
    expect(await textsOf(again.client, talked, 3)).toHaveLength(3)
    await again.client.remove(talked)
    await until('the log gone with its task', async () => (await filesUnder(logs)).length === 1)
    await expect(again.client.logs(talked)).rejects.toMatchObject({ code: 'not-found' })
    expect((await again.client.logs(flaky)).lines).toHaveLength(2)
    const [left = ''] = await filesUnder(logs)
    expect(left.startsWith(flaky)).toBe(true)
    expect(await readFile(join(logs, flaky.slice(-2), left), 'utf8')).toMatch(/^\[1,\d+,"warn",1,"about\.to\.fail/)
  },
  testMostMs,
)

it(
  'a flood that is too much for the terminal is kept whole',
  async () => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path, workers: ['talkative'] })
    const { id } = await hub.client.submit('talkative.talk', { lines: 2_500 })
    await hub.client.wait(id)
    const texts = await until('the last line', async () => {
      const first = await hub.client.logs(id)
      const second = await hub.client.logs(id, { cursor: first.cursor })
      const third = await hub.client.logs(id, { cursor: second.cursor })
      const all = [first, second, third].flatMap(({ lines }) => lines.map(({ text }) => text))
      return all.at(-1) === 'line.said n=2500' && all
    })
    expect(texts).toEqual(Array.from({ length: 2_500 }, (_, index) => `line.said n=${index + 1}`))
    expect(hub.output().split('line.said').length).toBeLessThan(1_500)
  },
  testMostMs,
)

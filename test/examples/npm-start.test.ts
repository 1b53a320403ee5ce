import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { clientOf, followHub, makeFolder, plainEnv } from '../support/hub-process.ts'
import { until } from '../support/until.ts'

const program = fileURLToPath(new URL('../../bin/start.mjs', import.meta.url))
const mostMs = 90_000

/** `npm start` as a stranger runs it, in an empty folder. */
const start = (cwd: string, port: number) => {
  const env = plainEnv({ TASKURAI_PORT: String(port), TASKURAI_DATA: join(cwd, '.taskurai'), TASKURAI_LOG: '' })
  return followHub(spawn(process.execPath, [program], { cwd, env }))
}

it('runs three examples, goes on after a crash in the middle, and runs nothing twice', {
  timeout: 240_000,
}, async () => {
  await using folder = await makeFolder()
  // The same one twice, so that instances of the first hub come back to the second.
  const port = await freePort()
  {
    await using hub = start(folder.path, port)
    await until('the first report', () => hub.output().includes('reports: 1/4 done'), mostMs)
    const output = hub.output()
    // The first example is at work before the others join.
    expect(output).toMatch(/orders: [^\n]*running.*worker reports: .*worker media: .*reports: 0\/4.*media: 0\/3/s)
    hub.kill('SIGKILL')
    await hub.exited
  }
  await using hub = start(folder.path, port)
  await until('the end of the examples', () => hub.output().includes('the examples are done'), mostMs)
  expect(hub.output()).not.toMatch(/failed|do not run|unexpected/)

  const results = join(folder.path, '.taskurai')
  const names = async (worker: string) => (await readdir(join(results, worker), { recursive: true })).sort()
  expect(await names('reports')).toEqual(
    ['delays', 'delays-ATL', 'delays-JFK', 'delays-ORD'].flatMap((task) => [task, join(task, 'delays.svg')]).sort(),
  )
  expect(await names('media')).toEqual(
    ['sintel-160', 'sintel-240', 'sintel-320']
      .flatMap((task) => [task, join(task, 'rendition.mp4'), join(task, 'thumbnail.jpg')])
      .sort(),
  )
  const chart = await readFile(join(results, 'reports/delays/delays.svg'), 'utf8')
  expect(chart).toContain('3,000,000 flights')

  // The second start met the tasks of the first, those that name an upload too.
  const at = hub.endpoint()
  if (at === undefined) throw new Error('the hub did not say where it is')
  const client = clientOf(results, at)
  const counts = new Map<string, number>()
  for await (const { command, status } of client.listAll({ limit: 100 })) {
    counts.set(`${command} ${status}`, (counts.get(`${command} ${status}`) ?? 0) + 1)
  }
  expect(Object.fromEntries(counts)).toEqual({
    'order.confirm succeeded': 120,
    'order.mail succeeded': 120,
    'report.delays succeeded': 4,
    'video.prepare succeeded': 3,
  })
  hub.kill('SIGINT')
  expect(await hub.exited).toEqual({ code: 0, signal: null })
})

// biome-ignore-all lint/suspicious/noConsole: what it is about
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { defineCommand, defineWorker } from '#worker-runtime/index'
import { startFakeHub } from '../support/fake-hub.ts'
import { startInstance } from '../support/instance.ts'
import { until } from '../support/until.ts'

/** What reached the console itself. */
const through: string[] = []
const { log: found } = console
beforeEach(() => {
  through.length = 0
  console.log = (...said: unknown[]) => void through.push(said.join(' '))
})
afterEach(() => {
  console.log = found
})

const worker = defineWorker({
  name: 'w',
  concurrency: 10,
  commands: [
    defineCommand({ name: 'talks' }, async (_ctx, input: unknown) => {
      console.log('begin', input)
      await pause(20)
      console.warn('%s of %d', 'half', 2)
      await Promise.all(
        [1, 2].map(async (n) => {
          await pause(n)
          console.debug(`part ${n}`)
        }),
      )
      setTimeout(() => console.log('late'), 30)
    }),
    defineCommand({ name: 'says' }, (_ctx, text: unknown) => console.log(text)),
  ],
})

it('what handlers print belongs to their runs, however they are mixed, and also behind their ends', async () => {
  await using hub = await startFakeHub()
  await using instance = startInstance(hub, worker)
  const ids = [1, 2, 3].map((n) => hub.add({ command: 'talks', arguments: { n }, task: { runCount: n } }))
  for (const id of ids) await hub.endOf(id)
  console.log('of nobody')
  const linesOf = (id: string) =>
    instance.logged.flatMap(({ event, fields }) => (fields?.taskId === id ? [`${fields.run} ${event}`] : []))
  await until('the late lines', () => ids.every((id) => linesOf(id).length === 5))
  for (const [index, id] of ids.entries()) {
    const run = index + 1
    expect(linesOf(id)).toEqual(
      [`begin { n: ${run} }`, 'half of 2', 'part 1', 'part 2', 'late'].map((text) => `${run} ${text}`),
    )
  }
  expect(through).toEqual(['of nobody'])
})

it('is left alone where it is to be, and given back when the last worker is gone', async () => {
  const before = console.log
  {
    await using hub = await startFakeHub()
    await using instance = startInstance(hub, worker, { env: { TASKURAI_CONSOLE: 'plain' } })
    await hub.endOf(hub.add({ command: 'says', arguments: 'a word' }))
    expect(through).toEqual(['a word'])
    expect(instance.logged.filter(({ fields }) => fields?.taskId !== undefined)).toEqual([])
  }
  {
    await using hub = await startFakeHub()
    await using one = startInstance(hub, worker)
    await hub.endOf(hub.add({ command: 'says', arguments: 'a word' }))
    expect(console.log).not.toBe(before)
    expect(one.logged).toContainEqual({ event: 'a word', fields: expect.objectContaining({ run: 1 }) })
    expect(through).toEqual(['a word'])
  }
  expect(console.log).toBe(before)
})

it('a log that prints by the console itself does not go round in circles', async () => {
  await using hub = await startFakeHub()
  await using _instance = startInstance(hub, worker, { log: (_level, event) => console.log(event) })
  await hub.endOf(hub.add({ command: 'says', arguments: 'a word' }))
  expect(through).toContain('a word')
})

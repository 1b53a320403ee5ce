import { expect, it } from 'vitest'
import { startFakeHub } from '../support/fake-hub.ts'
import { startInstanceProcess } from '../support/instance.ts'
import { until } from '../support/until.ts'

it('a run whose lines nobody reads goes on, and they are there when somebody does', { timeout: 90_000 }, async () => {
  await using hub = await startFakeHub()
  await using instance = startInstanceProcess(hub, { TASKURAI_LOG: 'json' })
  await hub.until(() => hub.opsOf('receive').length > 0, 'an instance that takes tasks')
  instance.child.stdout?.pause()
  const id = hub.add({ command: 'chatter' })
  expect(await hub.endOf(id)).toMatchObject({ kind: 'succeed', result: { output: 'said' } })
  const said = () =>
    instance
      .output()
      .split('\n')
      .filter((line) => line.includes('"event":"chatter"') && line.endsWith('}'))
  expect(said().length).toBeLessThan(9_000)
  instance.child.stdout?.resume()
  await until('all of its lines', () => said().length === 9_000)
  expect(JSON.parse(said().at(-1) ?? '')).toMatchObject({ task: id, run: 1, command: 'chatter@1', n: 8_999 })
})

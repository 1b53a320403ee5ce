import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTester, type Tester } from '../iam/tester.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { type Platform, startPlatform } from '../support/platform/platform.ts'
import { until } from '../support/until.ts'
import { openWatcher } from '../support/watcher.ts'

/** What becomes of watchers in an account amid faults of what lies between them and the hub. */

const later = { startAfter: { seconds: 600 } }
const aMinuteMs = 60_000

describe.skipIf(whyNoDynamo() !== undefined)('a watcher of a hub in an account', () => {
  let platform: Platform
  let tester: Tester
  beforeAll(async () => {
    platform = await startPlatform({ workers: ['basics'] })
    tester = createTester(platform)
  }, 120_000)
  afterAll(async () => {
    tester?.[Symbol.dispose]()
    await platform?.[Symbol.asyncDispose]()
  }, 30_000)

  async function aTask() {
    const { client } = platform
    const { id } = await client.submit('basics.echo', { text: 'x' }, later)
    const { url } = await client.watchToken(id)
    const connections = async () => {
      const [head] = await tester.itemsOf(`T#${id}`, 'HEAD')
      return tester.itemsOf(`WS#task#${id}#${head?.born?.S}`, 'CONN#')
    }
    return { id, url, connections, cancel: () => client.cancel(id) }
  }

  it('that the network lost, without a word to the hub, goes with the first change that finds it gone', async () => {
    const { url, connections, cancel } = await aTask()
    const [lost, other] = [await openWatcher(url), await openWatcher(url)]
    await lost.seen('its state', ({ type }) => type === 'task')
    await other.seen('its state', ({ type }) => type === 'task')
    const [first] = platform.live.connections()
    platform.live.cut(first ?? '')
    expect(await connections()).toHaveLength(2)
    // A young one may only seem to be gone.
    for (const item of await connections()) {
      const data = JSON.parse(item.data?.S ?? '')
      await tester.put({ ...item, data: { S: JSON.stringify({ ...data, openedAt: data.openedAt - aMinuteMs }) } })
    }
    await cancel()
    await other.seen('the end', ({ type }) => type === 'end')
    await until('both are forgotten', async () => (await connections()).length === 0)
  })

  it('is kept out while its function dies in the middle of the opening, and comes in by the next try', async () => {
    const { url, connections, cancel } = await aTask()
    const { proxy, functions } = platform
    let killed = 0
    proxy.mishap = ({ role, action }) => {
      if (role !== 'live' || action !== 'PutItem' || killed > 0) return undefined
      killed++
      functions.live.kill()
      return 'after'
    }
    const tries = await until('it is let in', async () => {
      try {
        return await openWatcher(url)
      } catch {
        return undefined
      }
    })
    proxy.mishap = undefined
    expect(killed).toBe(1)
    await tries.seen('its state', ({ type }) => type === 'task')
    await cancel()
    await tries.seen('the end', ({ type }) => type === 'end')
    await until('it is forgotten', async () => (await connections()).length <= 1)
  })

  it('has its state once messages get through again', async () => {
    const { url, cancel } = await aTask()
    let lost = 0
    platform.proxy.mishap = ({ role, service }) =>
      role === 'live' && service === 'connections' && lost++ < 3 ? 'before' : undefined
    using watcher = await openWatcher(url)
    await watcher.seen('its state', ({ type }) => type === 'task')
    platform.proxy.mishap = undefined
    expect(lost).toBeGreaterThanOrEqual(3)
    await cancel()
    await watcher.seen('the end', ({ type }) => type === 'end')
    expect(watcher.statuses()).toEqual(['queued', 'canceled'])
  })

  it('gets an answer to what it says, and nothing for what nobody understands', async () => {
    const { url, cancel } = await aTask()
    using watcher = await openWatcher(url)
    await watcher.seen('its state', ({ type }) => type === 'task')
    const pongs = () => watcher.messages.filter(({ type }) => type === 'pong').length
    const before = pongs()
    for (const text of ['{"type":"ping"}', '{"type":"$disconnect"}', 'hello']) watcher.say(text)
    await until('a pong', () => pongs() === before + 1)
    watcher.say('{"type":"start"}')
    await until('its state anew', () => watcher.messages.filter(({ type }) => type === 'task').length === 2)
    await cancel()
    await watcher.seen('the end', ({ type }) => type === 'end')
  })

  it('is told nothing under another stage, and no state of a hub whose address it has without a token', async () => {
    const { url } = platform.live
    await expect(openWatcher(url.replace('/live', '/prod'))).rejects.toThrow('403')
    await expect(openWatcher(url)).rejects.toThrow('403')
  })
})

import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openWatch } from '#browser/connection'
import { type LiveServer, startLiveServer, taskMessage, type Watcher } from '../support/live-server.ts'
import { createPlayedMachine, type PlayedMachine } from '../support/played-machine.ts'
import { until } from '../support/until.ts'

/** A watch on a server of its own, and all that it called. */
function watch(server: LiveServer, machine = createPlayedMachine()) {
  const called: string[] = []
  const watching = openWatch<{ readonly progress?: { readonly percent: number }; readonly id: string }>(
    server.url,
    {
      WebSocket,
      onTask: ({ progress, id }, { omitted }) =>
        called.push([id.slice(-2), progress?.percent, ...omitted].filter((part) => part !== undefined).join(' ')),
      onEnd: () => called.push('end'),
      onState: (state, trouble) => called.push(trouble === undefined ? state : `${state}: ${trouble.code}`),
    },
    machine,
  )
  const seen = (what: string) => until(what, () => called.includes(what))
  return { called, machine, seen, stop: watching.stop }
}

const nthWatcher = (server: LiveServer, number: number): Promise<Watcher> =>
  until(`watcher ${number}`, () => server.watchers[number - 1])
/** So long a connection may take to open. */
const openMs = 15_000
const pauseOf = (machine: PlayedMachine) => {
  const [ms, ...more] = machine.due()
  return more.length === 0 && ms !== openMs && ms
}
const pause = async (machine: PlayedMachine): Promise<number> =>
  await until('a pause before the next try', () => pauseOf(machine))

describe('a watched task', () => {
  it('is shown as it is, then in each newer state, and ends once', async () => {
    await using server = await startLiveServer()
    const { called, seen, machine } = watch(server)
    const watcher = await nthWatcher(server, 1)
    for (const n of [1, 2, 2, 1, 3]) watcher.say(taskMessage(n))
    watcher.say({ type: 'end' })
    await seen('end')
    expect(called).toEqual(['connecting', 'live', 'AB 1', 'AB 2', 'AB 3', 'ended', 'end'])
    expect(await until('its goodbye', () => watcher.closedWith())).toBe(1000)
    expect(machine.due()).toEqual([])
    expect(machine.listeners()).toBe(0)
  })

  it('is one of several, each with versions of its own', async () => {
    await using server = await startLiveServer()
    const { called, seen, stop } = watch(server)
    const watcher = await nthWatcher(server, 1)
    const other = { id: '01K9Z0000000000000000000CD' }
    for (const message of [taskMessage(5), taskMessage(2, other), taskMessage(4), taskMessage(3, other)]) {
      watcher.say(message)
    }
    await seen('CD 3')
    expect(called.slice(2)).toEqual(['AB 5', 'CD 2', 'CD 3'])
    stop()
  })

  it('says what was left out, and passes over what it does not know', async () => {
    await using server = await startLiveServer()
    const { called, seen, stop } = watch(server)
    const watcher = await nthWatcher(server, 1)
    for (const odd of [
      'not json',
      'null',
      '7',
      { type: 'advertisement' },
      { type: 'task' },
      { type: 'task', task: {} },
    ]) {
      watcher.say(odd)
    }
    watcher.say({ ...taskMessage(1), omitted: ['/result/output'] })
    await seen('AB 1 /result/output')
    expect(called).toHaveLength(3)
    stop()
  })

  it('is asked for where its state does not come by itself', async () => {
    await using server = await startLiveServer()
    const { machine, stop } = watch(server)
    const watcher = await nthWatcher(server, 1)
    await until('it says that it is there', () => watcher.heard.length > 0)
    machine.pass(1_999)
    expect(watcher.heard).toEqual(['ping'])
    machine.pass(1)
    await until('it asks', () => watcher.heard.includes('start'))
    stop()
  })
})

describe('a connection that is lost', () => {
  it.each<[string, (watcher: Watcher) => void]>([
    ['cut', ({ cut }) => cut()],
    ['closed by a hub that stops', ({ close }) => close(1001)],
    ['closed as if all were well', ({ close }) => close(1000)],
  ])('is made good by the next one, when it was %s', async (_, lose) => {
    await using server = await startLiveServer()
    const { called, machine, seen, stop } = watch(server)
    const first = await nthWatcher(server, 1)
    first.say(taskMessage(1))
    await seen('AB 1')
    lose(first)
    await seen('reconnecting')
    expect(await pause(machine)).toBe(750)
    machine.pass(750)
    const second = await nthWatcher(server, 2)
    second.say(taskMessage(7))
    second.say({ type: 'end' })
    await seen('end')
    expect(called).toEqual(['connecting', 'live', 'AB 1', 'reconnecting', 'live', 'AB 7', 'ended', 'end'])
    stop()
  })

  it('is noticed where it only says nothing any more', async () => {
    await using server = await startLiveServer()
    const { machine, seen, stop } = watch(server)
    const first = await nthWatcher(server, 1)
    await seen('live')
    first.say(taskMessage(1))
    await seen('AB 1')
    server.answer(false)
    machine.pass(240_000)
    await until('a second ping', () => first.heard.filter((type) => type === 'ping').length === 2)
    machine.pass(10_000)
    await seen('reconnecting')
    server.answer(true)
    machine.pass(1_000)
    await nthWatcher(server, 2)
    stop()
  })

  it('is tried again less and less often, and for an hour about', async () => {
    await using server = await startLiveServer()
    const { called, machine, seen } = watch(server)
    const first = await nthWatcher(server, 1)
    await seen('live')
    server.refuse(503)
    first.cut()
    const pauses: number[] = []
    let passedMs = 0
    while (!called.some((each) => each.startsWith('refused'))) {
      const ms = await until('the next pause or the end', () => {
        if (called.at(-1) === 'refused: unopened') return 0
        return pauseOf(machine)
      })
      pauses.push(ms)
      passedMs += ms
      machine.pass(ms)
      const tried = pauses.length
      await until('a try', () => server.refusals() === Math.min(tried, 119))
    }
    expect(pauses.slice(0, 6)).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500])
    expect(server.refusals()).toBe(119)
    expect(passedMs / 60_000).toBeGreaterThan(40)
    expect(machine.listeners()).toBe(0)
  })

  it('is tried at once when the page or the network is back', async () => {
    await using server = await startLiveServer()
    const { machine, seen, stop } = watch(server)
    const first = await nthWatcher(server, 1)
    await seen('live')
    first.cut()
    await seen('reconnecting')
    machine.comeBack()
    await nthWatcher(server, 2)
    stop()
  })

  it('is looked for when the page is back: what was open before may be dead', async () => {
    await using server = await startLiveServer()
    const { machine, seen, stop } = watch(server)
    const first = await nthWatcher(server, 1)
    await seen('live')
    machine.comeBack()
    machine.comeBack()
    await until('one ping more', () => first.heard.filter((type) => type === 'ping').length === 2)
    expect(server.watchers).toHaveLength(1)
    stop()
  })
})

describe('an address that is refused', () => {
  it('is given up after three refusals, where nothing ever came', async () => {
    await using server = await startLiveServer()
    server.refuse(401)
    const { called, machine, seen } = watch(server)
    for (const ms of [750, 1_500]) {
      expect(await pause(machine)).toBe(ms)
      machine.pass(ms)
    }
    await seen('refused: unopened')
    expect(called).toEqual(['connecting', 'refused: unopened'])
    expect(server.refusals()).toBe(3)
    expect(machine.due()).toEqual([])
  })

  it('is not given up while there is no network', async () => {
    await using server = await startLiveServer()
    server.refuse(401)
    const machine = createPlayedMachine()
    machine.setOnline(false)
    const { called, stop } = watch(server, machine)
    for (let tries = 0; tries < 5; tries++) machine.pass(await pause(machine))
    expect(called).toEqual(['connecting'])
    server.refuse(undefined)
    machine.setOnline(true)
    machine.comeBack()
    await nthWatcher(server, 1)
    stop()
  })

  it.each(['token-expired', 'token-revoked'])('is given up at once when the hub says %s', async (code) => {
    await using server = await startLiveServer()
    const { called, seen, machine } = watch(server)
    const watcher = await nthWatcher(server, 1)
    watcher.say(taskMessage(1))
    watcher.say({ type: 'refused', code, detail: 'no' })
    watcher.close(4403)
    await seen(`refused: ${code}`)
    expect(called).toEqual(['connecting', 'live', 'AB 1', `refused: ${code}`])
    expect(machine.due()).toEqual([])
  })

  it('is given up by the code of the close, where what was said is lost', async () => {
    await using server = await startLiveServer()
    const { seen } = watch(server)
    const watcher = await nthWatcher(server, 1)
    await seen('live')
    watcher.close(4403)
    await seen('refused: unopened')
  })

  it.each([false, true])('is tried again after a rest when there are too many watchers', async (isAnswering) => {
    await using server = await startLiveServer((watcher, number) => {
      if (number > 4) return watcher.say(taskMessage(1))
      // As in an account, where it is tried first whether the connection stands.
      if (isAnswering) watcher.say({ type: 'pong' })
      watcher.say({ type: 'refused', code: 'too-many', detail: 'enough' })
      watcher.close(4429)
    })
    server.answer(isAnswering)
    const { called, machine, seen, stop } = watch(server)
    for (let tries = 1; tries <= 4; tries++) {
      expect(await pause(machine)).toBe(22_500)
      machine.pass(22_500)
    }
    await seen('AB 1')
    expect(called.at(-1)).toBe('AB 1')
    stop()
  })
})

describe('a watch that nobody wants any more', () => {
  it('calls nothing, and closes its connection', async () => {
    await using server = await startLiveServer()
    const { called, machine, seen, stop } = watch(server)
    const watcher = await nthWatcher(server, 1)
    await seen('live')
    watcher.say(taskMessage(1))
    stop()
    stop()
    expect(await until('its goodbye', () => watcher.closedWith())).toBe(1000)
    expect(called).toEqual(['connecting', 'live'])
    expect(machine.due()).toEqual([])
    expect(machine.listeners()).toBe(0)
  })

  it('ends before it is open, and between two connections', async () => {
    await using server = await startLiveServer()
    const early = watch(server)
    early.stop()
    const late = watch(server)
    await late.seen('live')
    const watcher = await until('its watcher', () => server.watchers.find(({ heard }) => heard.length > 0))
    watcher.cut()
    await late.seen('reconnecting')
    late.stop()
    late.machine.pass(60_000)
    expect(early.called).toEqual(['connecting'])
    expect(late.called).toEqual(['connecting', 'live', 'reconnecting'])
  })
})

it('says at once what no connection can be made of', () => {
  const options = { onTask: () => undefined }
  const machine = createPlayedMachine()
  expect(() => openWatch('nowhere', { ...options, WebSocket }, machine)).toThrow(SyntaxError)
  expect(machine.listeners()).toBe(0)
  if (!('WebSocket' in globalThis)) expect(() => openWatch('ws://a', options)).toThrow('no WebSocket here')
})

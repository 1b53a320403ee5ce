// @vitest-environment happy-dom
import { createElement, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { useTask, useTasks } from '#react/index'
import { startLiveServer, taskMessage } from '../support/live-server.ts'
import { until } from '../support/until.ts'

/** A page that shows what the hook says, as text. */
function show(look: (url: string | undefined) => string) {
  const place = document.createElement('div')
  const root = createRoot(place)
  const shown: string[] = []
  const Page = ({ url }: { readonly url: string | undefined }) => {
    const text = look(url)
    shown.push(text)
    return text
  }
  return {
    shown,
    text: () => place.textContent ?? '',
    render: (url: string | undefined) => root.render(createElement(StrictMode, null, createElement(Page, { url }))),
    [Symbol.dispose]: () => root.unmount(),
  }
}

const own = globalThis.WebSocket
beforeEach(() => {
  // The one of the test's page would ask for permission of another origin.
  globalThis.WebSocket = WebSocket as never
})
afterEach(() => {
  globalThis.WebSocket = own
})

const taskText = (url: string | undefined): string => {
  const { task, state, trouble } = useTask(url)
  return `${state} ${task?.progress?.percent ?? '-'} ${trouble?.code ?? ''}`.trim()
}
const tasksText = (url: string | undefined): string => {
  const { tasks, state } = useTasks(url, { most: 2 })
  return `${state} ${tasks.map(({ id, status }) => `${id} ${status}`).join(', ')}`.trim()
}

describe('useTask', () => {
  it('shows a task from its first state to its end', async () => {
    await using server = await startLiveServer()
    using page = show(taskText)
    page.render(server.url)
    const watcher = await until('a watcher that stays', () =>
      server.watchers.find(({ heard, closedWith }) => heard.length > 0 && closedWith() === undefined),
    )
    watcher.say(taskMessage(40))
    await until('its progress', () => page.text() === 'live 40')
    watcher.say(taskMessage(100, { status: 'succeeded' }))
    watcher.say({ type: 'end' })
    await until('its end', () => page.text() === 'ended 100')
    expect(page.shown[0]).toBe('connecting -')
  })

  it('waits for its address, and shows nothing of another one', async () => {
    await using first = await startLiveServer((watcher) => watcher.say(taskMessage(1)))
    await using second = await startLiveServer((watcher) => watcher.say(taskMessage(2)))
    using page = show(taskText)
    page.render(undefined)
    await until('the page', () => page.text() === 'connecting -')
    page.render(first.url)
    await until('the first task', () => page.text() === 'live 1')
    const before = page.shown.length
    page.render(second.url)
    await until('the second task', () => page.text() === 'live 2')
    expect(page.shown.slice(before)).not.toContain('live 1')
    await until('the first is left', () => first.watchers.every(({ closedWith }) => closedWith() !== undefined))
  })

  it('says why it shows nothing new, and leaves with its page', async () => {
    await using server = await startLiveServer((watcher) => {
      watcher.say(taskMessage(7))
      watcher.say({ type: 'refused', code: 'token-expired', detail: 'a new one' })
    })
    const page = show(taskText)
    page.render(server.url)
    await until('the refusal', () => page.text() === 'refused 7 token-expired')
    page[Symbol.dispose]()
    await until('nobody is left', () => server.watchers.every(({ closedWith }) => closedWith() !== undefined))
  })
})

describe('useTasks', () => {
  it('shows the newest tasks first, each once, and so many at most', async () => {
    const at = (second: number) => ({ createdAt: `2026-11-30T08:00:0${second}.000Z` })
    await using server = await startLiveServer((watcher) => {
      watcher.say(taskMessage(1, { id: 'B', ...at(2) }))
      watcher.say(taskMessage(1, { id: 'A', ...at(1) }))
    })
    using page = show(tasksText)
    page.render(server.url)
    await until('both', () => page.text() === 'live B running, A running')
    const watcher = server.watchers.find(({ closedWith }) => closedWith() === undefined)
    watcher?.say(taskMessage(2, { id: 'B', status: 'failed', ...at(2) }))
    watcher?.say(taskMessage(1, { id: 'C', ...at(3) }))
    await until('a new one', () => page.text() === 'live C running, B failed')
  })
})

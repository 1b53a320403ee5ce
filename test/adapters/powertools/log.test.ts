import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRequestLog } from '#adapters/powertools/log'
import { createMetrics } from '#adapters/powertools/metrics'

afterEach(() => {
  vi.restoreAllMocks()
})

/** What a process says meanwhile, line by line. */
function listen(): { readonly lines: () => readonly Record<string, unknown>[] } {
  const said: string[] = []
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said.push(String(text))
      return true
    })
  }
  return { lines: () => said.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line)) }
}

describe('the log of a function', () => {
  it('is a JSON line an event, under the request that it belongs to', () => {
    const heard = listen()
    const log = createRequestLog({ service: 'reactor', hub: 'shop' })
    log.begin('r-1')
    log.info('scaler.started', { worker: 'mill', count: 2 })
    log.begin('r-2')
    log.warn('reactor.behind')
    log.error('reactor.record-failed', { message: 'it has no keys' })
    const of = { service: 'reactor', hub: 'shop' }
    expect(heard.lines()).toMatchObject([
      { ...of, level: 'INFO', message: 'scaler.started', correlation_id: 'r-1', worker: 'mill', count: 2 },
      { ...of, level: 'WARN', message: 'reactor.behind', correlation_id: 'r-2' },
      { ...of, level: 'ERROR', message: 'reactor.record-failed', correlation_id: 'r-2', detail: 'it has no keys' },
    ])
  })

  it('holds the fields of one line apart from those of the next', () => {
    const heard = listen()
    const log = createRequestLog({ service: 'api', hub: 'shop' })
    log.info('one', { worker: 'mill' })
    log.info('two')
    expect(heard.lines()[1]).not.toHaveProperty('worker')
  })
})

describe('a metric', () => {
  it('is one line in the embedded format, with the hub for its only dimension', () => {
    const lines: string[] = []
    createMetrics('shop', (line) => void lines.push(line))('tasksLate', 2)
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('\n')).toBe(true)
    const metrics = [{ Name: 'TasksLate', Unit: 'Count' }]
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [{ Namespace: 'Taskurai', Dimensions: [['Hub']], Metrics: metrics }],
      },
      Hub: 'shop',
      TasksLate: 2,
    })
  })
})

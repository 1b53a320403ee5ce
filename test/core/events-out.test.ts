import { describe, expect, it } from 'vitest'
import type { Status } from '#core/contract/task'
import { eventsOf } from '#core/events-out'
import { aHead, aRunningHead, noon } from '../support/heads.ts'

const ends: ReadonlySet<Status> = new Set(['succeeded', 'failed'])
const all: ReadonlySet<Status> = new Set(['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'])

describe('events of a change', () => {
  it('one that ended is told, with who it is for and nothing of what it was about', () => {
    const after = aRunningHead({
      n: 3,
      status: 'failed',
      statusCode: 500,
      arguments: { iban: 'secret' },
      subject: 'for Ann Example',
      description: 'secret',
      result: { output: 'secret' },
      error: { code: 'no-flour', message: 'secret', retryable: false },
      externalId: 'order-1',
      accountId: 'acme',
      userId: 'u1',
      tags: { region: 'eu' },
    })
    const events = eventsOf(aRunningHead(), after, ends)
    expect(events).toEqual([
      {
        eventId: '01KF0000000000000000000000#b1.3',
        taskId: '01KF0000000000000000000000',
        command: 'mill.grind',
        version: 1,
        worker: 'mill',
        status: 'failed',
        statusCode: 500,
        runCount: 1,
        at: new Date(noon).toISOString(),
        correlationId: 'c1',
        externalId: 'order-1',
        accountId: 'acme',
        userId: 'u1',
        tags: { region: 'eu' },
        errorCode: 'no-flour',
      },
    ])
    expect(JSON.stringify(events)).not.toMatch(/secret|Ann/)
  })

  it('what nobody wants to hear, and what moves without a new status, is none', () => {
    expect(eventsOf(undefined, aHead(), ends)).toEqual([])
    const progressed = aRunningHead({ n: 3, progress: { percent: 50, at: noon } })
    expect(eventsOf(aRunningHead(), progressed, all)).toEqual([])
  })

  it('told again it has the same id; queued a second time, or in another life, it has another', () => {
    const first = eventsOf(undefined, aHead(), all)
    expect(eventsOf(undefined, aHead(), all)).toEqual(first)
    const retried = eventsOf(aRunningHead(), aHead({ n: 3 }), all)
    const reborn = eventsOf(aHead(), aHead({ born: 'b2' }), all)
    const ids = [first, retried, reborn].flatMap((events) => events.map(({ eventId }) => eventId))
    expect(new Set(ids).size).toBe(3)
  })
})

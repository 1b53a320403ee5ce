import { describe, expect, it } from 'vitest'
import type { Decision, Event } from '#core/events'
import type { Head } from '#core/head'
import { decide } from '#core/lifecycle'
import { aHead, aRunningHead, noon } from '../support/heads.ts'

const at = { now: noon, writer: 'w2' }
const of = { ...at, run: 'run1' }
const error = { code: 'broken', message: 'it broke', retryable: true }
const day = 86_400_000
const lease = 60_000

function moved(head: Head, event: Event): Extract<Decision, { kind: 'move' }> {
  const decision = decide(head, event)
  if (decision.kind === 'refused') throw new Error(`refused: ${decision.reason}`)
  return decision
}

describe('who guards what (protocol 1)', () => {
  it('a claim leaves the run to its bell', () => {
    const { next } = moved(aHead(), { kind: 'claim', ...at, run: 'r', instance: 'i' })
    expect(next).toMatchObject({ status: 'running', runCount: 1, run: { renewed: false, leaseUntil: noon + lease } })
    expect(next.due).toBeUndefined()
  })

  it('a claim of what the index guards keeps it there, at most three leases ahead', () => {
    const due = (from: number) =>
      moved(aHead({ due: from }), { kind: 'claim', ...at, run: 'r', instance: 'i' }).next.due
    expect(due(noon + day)).toBe(noon + 3 * lease)
    expect(due(noon + lease)).toBe(noon + lease)
  })

  it('the first renewal puts the run into the index, three leases ahead', () => {
    const { next, bell } = moved(aRunningHead(), { kind: 'renew', ...of })
    expect(next.run).toMatchObject({ renewed: true, leaseUntil: noon + lease })
    expect(next.due).toBe(noon + 3 * lease)
    expect(bell).toBeUndefined()
  })

  it('later renewals move due only when less than one lease would be left', () => {
    let head = moved(aRunningHead(), { kind: 'renew', ...of }).next
    const dues: (number | undefined)[] = []
    for (let seconds = 20; seconds <= 160; seconds += 20) {
      head = moved(head, { kind: 'renew', ...of, now: noon + seconds * 1_000 }).next
      dues.push(head.due === undefined ? undefined : (head.due - noon) / 1_000)
    }
    expect(dues).toEqual([180, 180, 180, 180, 180, 180, 320, 320])
  })

  it('a patch or a cancel does not put off the look at a dead run', () => {
    const renewed = moved(aRunningHead(), { kind: 'renew', ...of }).next
    const late = { now: noon + 150_000, writer: 'w3', by: 'ann' }
    const patched = moved(renewed, { kind: 'patch', ...late, fields: { subject: 'x' } }).next
    expect(patched.due).toBe(renewed.due)
    expect(moved(patched, { kind: 'cancel', ...late }).next.due).toBe(renewed.due)
  })

  it('a cancel of a running task adds its grace to the index', () => {
    const { next } = moved(aRunningHead(), { kind: 'cancel', ...at, by: 'ann', reason: 'no need' })
    expect(next).toMatchObject({ status: 'running', due: noon + 30_000, cancel: { by: 'ann', reason: 'no need' } })
  })

  it('a time limit is in the index with the first renewal', () => {
    const head = aRunningHead({ timeoutSeconds: 30 })
    expect(moved(head, { kind: 'renew', ...of }).next.due).toBe(noon + 30_000 + 10_000)
  })

  it('a start window is in the index while the task is queued', () => {
    const patched = moved(aHead(), { kind: 'patch', ...at, by: 'ann', fields: { notStartAfter: noon + 5_000 } })
    expect(patched.next.due).toBe(noon + 5_000)
    expect(patched.bell).toBeUndefined()
  })

  it('what hangs on a bell after the audit has passed is looked at once a day', () => {
    const old = noon - 3_600_000
    const failed = aHead({ status: 'failed', createdAt: old, expiresAt: noon + day })
    expect(moved(failed, { kind: 'retry', ...at, by: 'ann' }).next.due).toBe(noon + day)
    const claim = { kind: 'claim', ...at, run: 'r', instance: 'i' } as const
    expect(moved(aHead({ createdAt: old }), claim).next.due).toBe(noon + day)
    const handedBack = moved(aRunningHead({ createdAt: old }), { kind: 'hand-back', ...of, reason: 'leaving' })
    expect(handedBack).toMatchObject({ holdMs: 0, next: { status: 'queued', due: noon + day } })
  })
})

describe('back to the queue (protocol 8)', () => {
  it('a run that holds its bell keeps it, hidden for the backoff', () => {
    const head = aRunningHead({ retry: { maxRuns: 3, minSeconds: 8, maxSeconds: 60, factor: 2, jitter: 'none' } })
    const decision = moved(head, { kind: 'fail', ...of, error, chance: 0 })
    expect(decision).toMatchObject({
      holdMs: 8_000,
      next: { status: 'queued', retryAfter: noon + 8_000, failureCount: 1 },
    })
    expect(decision.bell).toBeUndefined()
  })

  it('a renewed run rings a new bell', () => {
    const decision = moved(aRunningHead({}, { renewed: true }), { kind: 'hand-back', ...of, reason: 'leaving' })
    expect(decision).toMatchObject({
      bell: { delayMs: 0 },
      next: { status: 'queued', interruptCount: 1, failureCount: 0 },
    })
    expect(decision.holdMs).toBeUndefined()
  })

  it('a backoff over 15 minutes waits in the index instead', () => {
    const head = aRunningHead({
      retry: { maxRuns: 3, minSeconds: 1_000, maxSeconds: 3_000, factor: 2, jitter: 'none' },
    })
    const decision = moved(head, { kind: 'fail', ...of, error, chance: 0 })
    expect(decision.next).toMatchObject({ status: 'waiting', retryAfter: noon + 1_000_000, due: noon + 100_000 })
    expect(decision.bell).toBeUndefined()
  })

  it('a waiting task rings once the rest of its delay fits on a bell', () => {
    const head = aHead({ status: 'waiting', startAfter: noon + 900_000, due: noon })
    expect(moved(head, { kind: 'ripen', ...at })).toMatchObject({
      bell: { delayMs: 900_000 },
      next: { status: 'queued' },
    })
    expect(decide(head, { kind: 'ripen', ...at, now: noon - 1 })).toEqual({ kind: 'refused', reason: 'not-ready' })
  })
})

describe('how runs end', () => {
  it('counts failures, and fails for good at the last run or when a retry is no use', () => {
    const last = moved(aRunningHead({ failureCount: 2 }), { kind: 'fail', ...of, error, chance: 0 })
    expect(last.next).toMatchObject({ status: 'failed', statusCode: 500, failureCount: 3, error })
    const final = { ...error, retryable: false }
    expect(moved(aRunningHead(), { kind: 'fail', ...of, error: final, chance: 0 }).next.status).toBe('failed')
    const late = { ...final, code: 'timeout' }
    expect(moved(aRunningHead(), { kind: 'fail', ...of, error: late, chance: 0 }).next.statusCode).toBe(408)
  })

  it('a terminal head has no run, no due, no cancel, and an end of its retention', () => {
    const head = aRunningHead({ cancel: { at: noon, by: 'ann', graceUntil: noon }, due: noon })
    const { next } = moved(head, { kind: 'succeed', ...of, result: { output: 7 } })
    expect(next).toMatchObject({ status: 'succeeded', stoppedAt: noon, expiresAt: noon + day, result: { output: 7 } })
    expect([next.run, next.due, next.cancel]).toEqual([undefined, undefined, undefined])
  })

  it('a cancel loses to success and wins over all else', () => {
    const head = aRunningHead({ cancel: { at: noon, by: 'ann', graceUntil: noon } })
    const ends: Event[] = [
      { kind: 'fail', ...of, error, chance: 0 },
      { kind: 'hand-back', ...of, reason: 'leaving' },
      { kind: 'stop', ...of },
      { kind: 'lose', ...at, seesSince: 0, chance: 0, certain: 'killed' },
      { kind: 'end-grace', ...at, seesSince: 0 },
    ]
    for (const end of ends) expect(moved(head, end).next).toMatchObject({ status: 'canceled', statusCode: 499 })
  })

  it('crashes are counted apart: the second comes at once, the third is the last', () => {
    const lose = { kind: 'lose', ...at, seesSince: 0, chance: 0, certain: 'killed' } as const
    expect(moved(aRunningHead(), lose)).toMatchObject({
      bell: { delayMs: 0 },
      next: { crashCount: 1, failureCount: 0 },
    })
    expect(moved(aRunningHead({ crashCount: 2 }), lose).next).toMatchObject({
      status: 'failed',
      error: { code: 'crashed' },
    })
  })

  it('interruptions cost no try, but not for ever', () => {
    const head = aRunningHead({ interruptCount: 50 })
    const { next } = moved(head, { kind: 'hand-back', ...of, reason: 'leaving' })
    expect(next).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
  })

  it('a lease is judged after its margin, and by who was blind only a lease later', () => {
    const lose = (now: number, seesSince: number) =>
      decide(aRunningHead(), { kind: 'lose', now, writer: 'w2', seesSince, chance: 0 }).kind
    expect(lose(noon + lease + 9_999, 0)).toBe('refused')
    expect(lose(noon + lease + 10_000, 0)).toBe('move')
    expect(lose(noon + lease + 10_000, noon + 1)).toBe('refused')
    expect(lose(noon + lease + 10_001, noon + 1)).toBe('move')
  })

  it('the hub ends a run past its time limit, which may be repeated', () => {
    const head = aRunningHead({ timeoutSeconds: 5 }, { renewed: true })
    const event = { kind: 'time-out', ...at, seesSince: 0, chance: 0 } as const
    expect(decide(head, { ...event, now: noon + 14_999 }).kind).toBe('refused')
    expect(moved(head, { ...event, now: noon + 15_000 }).next).toMatchObject({ status: 'queued', failureCount: 1 })
    expect(decide(aRunningHead(), { ...event, now: noon + day }).kind).toBe('refused')
  })
})

describe('what people do', () => {
  it('a retry is a fresh start', () => {
    const head = aHead({
      status: 'failed',
      failureCount: 3,
      crashCount: 1,
      interruptCount: 2,
      error,
      outcomeApart: 'r',
      stoppedAt: noon,
      expiresAt: noon + day,
      notStartAfter: noon - 1,
    })
    const { next, bell } = moved(head, { kind: 'retry', ...at, by: 'ann', reason: 'fixed' })
    expect(bell).toEqual({ delayMs: 0 })
    expect(next).toMatchObject({ status: 'queued', failureCount: 0, crashCount: 0, interruptCount: 0, born: head.born })
    for (const field of ['error', 'outcomeApart', 'stoppedAt', 'expiresAt', 'notStartAfter', 'due'] as const) {
      expect(next[field]).toBeUndefined()
    }
    expect(next.history.at(-1)).toEqual([noon, 'retried', 'ann', 'fixed'])
  })

  it('a patch of the start rings for a near one and waits for a far one', () => {
    const patch = (startAfter: number | null) =>
      moved(aHead({ startAfter: noon + 60_000 }), { kind: 'patch', ...at, by: 'ann', fields: { startAfter } })
    expect(patch(noon + 5_000)).toMatchObject({
      bell: { delayMs: 5_000 },
      next: { status: 'queued', startAfter: noon + 5_000 },
    })
    expect(patch(null)).toMatchObject({ bell: { delayMs: 0 }, next: { status: 'queued' } })
    expect(patch(noon + 2_000_000)).toMatchObject({ next: { status: 'waiting', due: noon + 1_100_000 } })
  })

  it('times may not change once a task runs or has ended', () => {
    const patch = { kind: 'patch', ...at, by: 'ann', fields: { startAfter: noon } } as const
    expect(decide(aRunningHead(), patch)).toEqual({ kind: 'refused', reason: 'already-running' })
    expect(decide(aHead({ status: 'failed' }), patch)).toEqual({ kind: 'refused', reason: 'already-ended' })
  })

  it('a second cancel is refused, and the history keeps its first line', () => {
    let head = aRunningHead()
    head = moved(head, { kind: 'cancel', ...at, by: 'ann' }).next
    expect(decide(head, { kind: 'cancel', ...at, by: 'bob' })).toEqual({ kind: 'refused', reason: 'cancel-asked' })
    for (let count = 0; count < 30; count++)
      head = moved(head, { kind: 'patch', ...at, by: 'bob', fields: { subject: `${count}` } }).next
    expect(head.history).toHaveLength(12)
    expect(head.history[0]).toEqual([noon, 'created', 'ann'])
  })
})

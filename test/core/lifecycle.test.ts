import { describe, expect, it } from 'vitest'
import { Status } from '#core/contract/task'
import type { Head } from '#core/head'
import { decide, table } from '#core/lifecycle'
import { newBulk } from '#core/tasks/bulk/bulk'
import { aHead, aRun, noon } from '../support/heads.ts'
import { sampleEvents } from './sample-events.ts'

/** Heads of a status, each with another thing that may decide: a late lease, a cancel, a passed window, many failures. */
function headsIn(status: Status): readonly Head[] {
  const run = status === 'running' ? { run: aRun({ startedAt: noon - 500_000 }) } : {}
  const ended = ['succeeded', 'failed', 'canceled', 'expired'].includes(status) ? { expiresAt: noon + 1_000 } : {}
  const due = status === 'waiting' || status === 'suspended' ? { due: noon } : {}
  const flow = status === 'suspended' ? { flow: { suspension: { on: 'nap', wakeAt: noon } } } : {}
  const plain = aHead({ status, n: 4, ...run, ...ended, ...due, ...flow })
  const late = plain.run === undefined ? {} : { run: { ...plain.run, leaseUntil: noon - 100_000 } }
  return [
    plain,
    { ...plain, ...late },
    { ...plain, notStartAfter: noon - 1 },
    { ...plain, startAfter: noon + 1 },
    { ...plain, startAfter: noon + 2_000_000 },
    { ...plain, ...late, timeoutSeconds: 1 },
    { ...plain, ...late, timeoutSeconds: 1, failureCount: 2, crashCount: 2, interruptCount: 50 },
    {
      ...plain,
      ...late,
      timeoutSeconds: 1,
      crashCount: 1,
      retry: { ...plain.retry, minSeconds: 2_000, maxSeconds: 3_000 },
    },
    { ...plain, flow: { ...plain.flow, parent: aParent('cancel'), dependencies: someDependencies } },
    { ...plain, flow: { ...plain.flow, parent: aParent('cancel') } },
    { ...plain, statusCode: 424, flow: { ...plain.flow, parent: aParent('detach'), dependencies: someDependencies } },
    { ...plain, startAfter: noon + 2_000_000, flow: { ...plain.flow, dependencies: someDependencies } },
    { ...plain, flow: { ...plain.flow, owes: true, suspension: { on: 'a signal', isHinted: true } } },
    { ...plain, startedAt: noon - 9, flow: { ...plain.flow, parent: aParent('cancel'), runsOnCancel: true } },
    ...(status === 'queued' ? [{ ...plain, cancel: { at: noon - 2, by: 'ann', graceUntil: noon - 1 } }] : []),
    ...(status === 'running' ? [{ ...plain, run: undefined, due: noon, bulk: newBulk('cancel', false) }] : []),
    ...(status === 'running'
      ? [{ ...plain, timeoutSeconds: 1, cancel: { at: noon - 2, by: 'ann', graceUntil: noon - 1 } }]
      : []),
  ]
}

const someDependencies = { count: 2, onFailure: 'fail', isOpen: true } as const

function aParent(onEnd: 'cancel' | 'detach') {
  return { id: 'p', born: 'b', step: 's', index: 0, count: 1, era: 0, depth: 1, onEnd }
}

describe('the table of moves', () => {
  const statuses = Status.options
  const pairs = statuses.flatMap((status) => sampleEvents.map((event) => [status, event.kind, event] as const))

  it.each(pairs)('%s × %s: moves only where the table says, else is refused', (status, kind, event) => {
    const allowed = table[status][kind]
    for (const head of headsIn(status)) {
      const decision = decide(head, event)
      if (allowed === undefined) expect(decision.kind).toBe('refused')
      if (decision.kind === 'move') {
        expect(allowed).toContain(decision.next.status)
        expect(decision.next).toMatchObject({ born: head.born, n: head.n + 1, writer: 'w2' })
      }
    }
  })

  it('reaches every move that the table allows', () => {
    const seen = new Set<string>()
    for (const status of statuses) {
      for (const head of headsIn(status)) {
        for (const event of sampleEvents) {
          const decision = decide(head, event)
          if (decision.kind === 'move') seen.add(`${status} ${event.kind} ${decision.next.status}`)
        }
      }
    }
    const wanted = statuses.flatMap((status) =>
      Object.entries(table[status]).flatMap(([kind, nexts]) => nexts.map((next) => `${status} ${kind} ${next}`)),
    )
    expect(wanted.filter((move) => !seen.has(move))).toEqual([])
  })

  it('says why not, in the words of who asked', () => {
    const reason = (head: Head, kind: string) => {
      const event = sampleEvents.find((sample) => sample.kind === kind)
      const decision = event === undefined ? undefined : decide(head, event)
      return decision?.kind === 'refused' ? decision.reason : decision?.kind
    }
    expect(reason(aHead({ status: 'canceled' }), 'cancel')).toBe('already-canceled')
    expect(reason(aHead({ status: 'failed' }), 'cancel')).toBe('already-ended')
    expect(reason(aHead(), 'succeed')).toBe('not-owner')
    expect(reason(aHead({ status: 'running', run: aRun({ id: 'other' }) }), 'renew')).toBe('not-owner')
    expect(reason(aHead(), 'retry')).toBe('not-ended')
    expect(reason(aHead({ status: 'running', run: aRun() }), 'claim')).toBe('not-in-this-status')
  })
})

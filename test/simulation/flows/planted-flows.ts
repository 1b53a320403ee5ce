import { isTerminal } from '#core/contract/task'
import type { Signal } from '#core/flow/signals'
import type { Head } from '#core/head'
import { headOf } from '#core/layout'
import type { Change, Write } from '#core/ports'
import type { Planted } from '../planted.ts'
import {
  countingEnds,
  isPutOf,
  withoutBellOf,
  withoutFailedEnds,
  withoutLookAfterSuspend,
  withoutLookAtParent,
  withoutMarkers,
} from './mistaken-stores.ts'

/** Known mistakes of workflows, each between the program and its store, its queue or its feed. */
export const plantedFlows = {
  'no look at the waits after the suspend is written': { mutations: { store: withoutLookAfterSuspend } },
  'failed ends are not followed': {
    mutations: {
      feed: (change) => !isOf(change, ({ flow, status }) => flow?.parent !== undefined && hasFailed(status)),
    },
  },
  'failed ends are counted as mere ends': { mutations: { store: withoutFailedEnds } },
  'ends are counted, not gathered': { mutations: { store: countingEnds }, weather: { batchAgain: 0.4 } },
  'a step is remembered over another': {
    mutations: { write: (write) => (isPutOf(write, 'STEP#') ? { ...write, condition: { kind: 'any' } } : write) },
    weather: { answerLost: 0.15, requestLate: 0.1 },
  },
  'a signal is consumed without a mark': {
    mutations: {
      write: (write) => {
        if (!isPutOf(write, 'SIG#')) return write
        const { consumedBy: _mark, ...data } = write.item.data as Signal
        return { ...write, item: { ...write.item, data } }
      },
    },
  },
  'a sub task is made without a look at its parent': {
    mutations: { store: withoutLookAtParent, feed: (change) => change.before !== undefined || change.sk !== 'HEAD' },
    weather: { slow: 0.2 },
  },
  'the marker of sub tasks is not written': { mutations: { store: withoutMarkers } },
  'an orphan has no end of its retention': {
    mutations: {
      write: (write) =>
        changeHead(write, ({ flow, status }) =>
          flow?.parent?.isOver === true && isTerminal(status) ? { expiresAt: undefined } : undefined,
        ),
    },
  },
  'a sub task expires while its parent is open': {
    mutations: {
      write: (write) =>
        changeHead(write, ({ flow, status, modifiedAt }) =>
          flow?.parent !== undefined && status === 'succeeded' ? { expiresAt: modifiedAt + 60_000 } : undefined,
        ),
    },
  },
  'a debt has no due': {
    mutations: { write: (write) => changeHead(write, ({ flow }) => (flow?.owes ? { due: undefined } : undefined)) },
  },
  'a wake rings no bell': { mutations: { store: withoutBellOf('woken') } },
  'nobody follows signals': { mutations: { feed: ({ sk }) => !sk.startsWith('SIG#') } },
  'a lost run may say that its step failed': {
    mutations: { failsUnfenced: true },
    weather: { instanceStall: 0.4 },
  },
  'the bell is deleted before the suspend is written': { mutations: { ackBeforeSuspend: true } },
  'a cancel between two runs ends at once what has something to undo': {
    mutations: {
      write: (write) =>
        changeHead(write, ({ status, cancel, flow, modifiedAt }) =>
          status === 'queued' && cancel !== undefined
            ? {
                ...{ status: 'canceled', statusCode: 499, cancel: undefined, stoppedAt: modifiedAt, due: modifiedAt },
                flow: { ...flow, owes: true },
              }
            : undefined,
        ),
    },
  },
  'a dependent is not followed up': {
    mutations: {
      feed: (change) => !isOf(change, ({ flow, status }) => flow?.isAwaited === true && isTerminal(status)),
    },
  },
} as const satisfies Record<string, Planted>

function hasFailed(status: Head['status']): boolean {
  return isTerminal(status) && status !== 'succeeded'
}

function isOf({ sk, after }: Change, is: (head: Head) => boolean): boolean {
  return sk === 'HEAD' && after !== undefined && is(headOf(after))
}

function changeHead(write: Write, changesOf: (head: Head) => Partial<Head> | undefined): Write {
  if (!isPutOf(write, 'HEAD')) return write
  const changes = changesOf(headOf(write.item))
  if (changes === undefined) return write
  const head = { ...headOf(write.item), ...changes }
  return { ...write, item: { ...write.item, due: head.due, expiresAt: head.expiresAt, data: head } }
}

import { headOf } from '#core/layout'
import type { Change, CommitOutcome, Store, Write } from '#core/ports'
import type { Faults } from './faults.ts'

/** Known mistakes, put into the world or into an instance on purpose: the simulator has to find each (planted.test.ts). */
export interface Mutations {
  /** The store writes the head first and rings afterwards. */
  readonly headBeforeBell?: boolean
  readonly write?: (write: Write) => Write
  readonly conflict?: (outcome: CommitOutcome & { readonly kind: 'conflict' }) => CommitOutcome
  /** An instance deletes the bell, then renews for the first time. */
  readonly ackBeforeRenewal?: boolean
  /** An instance deletes a bell whose head is not there. */
  readonly dropsAhead?: boolean
  /** Leases are judged right after a gap in which nobody watched. */
  readonly judgesBlind?: boolean
  /** A run that lost its task can still renew it. */
  readonly lostRunRenews?: boolean
  /** Stands between a process and its store. One for each process. */
  readonly store?: (store: Store) => Store
  /** Whether the reactor is told of a change. */
  readonly feed?: (change: Change) => boolean
  /** A run that has lost its task says that the step it was at has failed for good. */
  readonly failsUnfenced?: boolean
  /** An instance deletes the bell, then suspends. */
  readonly ackBeforeSuspend?: boolean
}

export interface Planted {
  readonly mutations: Mutations
  /** The weather in which the mistake does harm; the rest of it is the seed's. */
  readonly weather?: Partial<Faults>
}

export const planted = {
  'bell deleted before the renewal is written': { mutations: { ackBeforeRenewal: true } },
  'head written before the bell': { mutations: { headBeforeBell: true } },
  'due dropped at the renewal': {
    mutations: {
      write: (write) => {
        if (write.kind === 'delete' || write.item.sk !== 'HEAD') return write
        const head = headOf(write.item)
        if (head.run?.renewed !== true) return write
        return { ...write, item: { ...write.item, due: undefined, data: { ...head, due: undefined } } }
      },
    },
  },
  'heads written without a condition': {
    mutations: {
      write: (write) => (write.condition.kind === 'at' ? { ...write, condition: { kind: 'any' } } : write),
    },
  },
  'bell deleted while its head is absent': { mutations: { dropsAhead: true }, weather: { slow: 0.6 } },
  'leases judged right after a blind gap': { mutations: { judgesBlind: true }, weather: { sleep: 0.5 } },
  'a lost run may renew': { mutations: { lostRunRenews: true }, weather: { instanceStall: 0.4, zombieWrites: 1 } },
  'own echo not recognised': {
    mutations: {
      conflict: (outcome) => {
        const { current } = outcome
        if (current === undefined || current.sk !== 'HEAD') return outcome
        return { ...outcome, current: { ...current, data: { ...headOf(current), writer: 'somebody else' } } }
      },
    },
    weather: { answerLost: 0.15 },
  },
} as const satisfies Record<string, Planted>

import { headOf } from '#core/layout'
import type { CommitOutcome, Write } from '#core/ports'

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
}

export const planted = {
  'bell deleted before the renewal is written': { ackBeforeRenewal: true },
  'head written before the bell': { headBeforeBell: true },
  'due dropped at the renewal': {
    write: (write) => {
      if (write.kind === 'delete' || write.item.sk !== 'HEAD') return write
      const head = headOf(write.item)
      if (head.run?.renewed !== true) return write
      return { ...write, item: { ...write.item, due: undefined, data: { ...head, due: undefined } } }
    },
  },
  'heads written without a condition': {
    write: (write) => (write.condition.kind === 'at' ? { ...write, condition: { kind: 'any' } } : write),
  },
  'bell deleted while its head is absent': { dropsAhead: true },
  'leases judged right after a blind gap': { judgesBlind: true },
  'a lost run may renew': { lostRunRenews: true },
  'own echo not recognised': {
    conflict: (outcome) => {
      const { current } = outcome
      if (current === undefined || current.sk !== 'HEAD') return outcome
      return { ...outcome, current: { ...current, data: { ...headOf(current), writer: 'somebody else' } } }
    },
  },
} as const satisfies Record<string, Mutations>

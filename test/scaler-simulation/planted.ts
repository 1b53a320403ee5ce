import { headOf } from '#core/layout'
import type { Change, Item, Launcher } from '#core/ports'
import type { Fleet, Instance } from '#core/workers/fleet'

/** Known mistakes of a scaler, put into what it sees and does: the simulation has to catch each (planted.test.ts). */
export interface Planted {
  /** What reactor and clock read instead. */
  readonly sees?: (item: Item) => Item
  /** What the stream tells instead. */
  readonly tells?: (change: Change) => Change
  readonly launcher?: (launcher: Launcher) => Launcher
  /** A nudge that came too early is forgotten. */
  readonly forgetsSkipped?: boolean
}

interface Mistake {
  readonly planted: Planted
  /** The trace in which it does harm. */
  readonly trace: string
}

function seesFleet(change: (fleet: Fleet) => Fleet): Planted {
  return { sees: (item) => (item.sk === 'FLEET' ? { ...item, data: change(item.data as Fleet) } : item) }
}

function seesInstance(change: (instance: Instance) => Instance): Planted {
  return { sees: (item) => (item.sk.startsWith('INST#') ? { ...item, data: change(item.data as Instance) } : item) }
}

export const mistakes: Readonly<Record<string, Mistake>> = {
  'what is starting is not counted': {
    planted: seesFleet((fleet) => ({ ...fleet, launches: [] })),
    trace: 'burst of 300',
  },
  'free slots are not counted': {
    planted: seesInstance((instance) => ({ ...instance, freeSlots: 0 })),
    trace: 'at least 2',
  },
  'a full instance is not counted': {
    planted: seesInstance((instance) => (instance.freeSlots > 0 ? instance : { ...instance, state: 'leaving' })),
    trace: 'deploy at',
  },
  'nudges of one second are all decided': {
    planted: seesFleet((fleet) => ({ ...fleet, lastDecisionAt: undefined })),
    trace: 'burst of 300',
  },
  'a nudge that comes too early is forgotten': { planted: { forgetsSkipped: true }, trace: 'batch of 200' },
  'fresh records are not believed': {
    planted: {
      tells: (change) => {
        if (change.after === undefined) return change
        return { ...change, after: { ...change.after, data: { ...headOf(change.after), modifiedAt: 0 } } }
      },
    },
    trace: 'trickle',
  },
  'a lost answer is taken for a refusal': {
    planted: {
      launcher: ({ launch }) => ({
        launch: async (ask) => {
          const outcome = await launch(ask)
          if (outcome.kind === 'launched') return outcome
          return { kind: 'launched', launches: [], refused: [{ reason: 'other', message: 'no answer' }] }
        },
      }),
    },
    trace: 'answers of RunTask lost',
  },
}

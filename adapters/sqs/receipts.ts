import type { Clock, Log, Queue } from '#core/ports'
import { entryFailed, isReceiptOver, reaching } from './failures.ts'
import { Gathering, perWorker } from './gathering.ts'
import { deleteMessages, type Hold, holdMessages, type QueueAt } from './requests.ts'
import { holdSeconds } from './seconds.ts'

/** A bell that is done for may lie a little longer: nobody waits for it, and ten go in one request. */
const deleteLingerMs = 1_000

export interface ReceiptsOptions {
  readonly at: (worker: string) => QueueAt
  readonly clock: Clock
  readonly log: Log | undefined
}

export interface Receipts extends Pick<Queue, 'extend' | 'done'> {
  /** Extends as well as it can: what cannot be hidden for so long comes when the hold it has is over. */
  readonly hide: (worker: string, receipt: string, ms: number) => Promise<void>
  readonly giveBack: (worker: string, receipts: readonly string[]) => Promise<void>
  readonly drain: () => Promise<void>
}

/** What becomes of messages that were received. */
export function createReceipts({ at, clock, log }: ReceiptsOptions): Receipts {
  const holds = perWorker(
    (worker) => new Gathering<Hold>({ clock, lingerMs: 0, send: (entries) => holdMessages(at(worker), entries) }),
  )
  const deletes = perWorker(
    (worker) =>
      new Gathering<string>({
        clock,
        lingerMs: deleteLingerMs,
        send: (entries) => deleteMessages(at(worker), entries),
      }),
  )

  async function extend(worker: string, receipt: string, holdMs: number): Promise<void> {
    const hold = { receipt, seconds: holdSeconds(holdMs) }
    const failure = await reaching(worker, 'extend', () => holds.of(worker).add(hold))
    if (failure !== undefined && !isReceiptOver(failure)) throw entryFailed(worker, 'extend', failure)
  }

  async function hide(worker: string, receipt: string, ms: number): Promise<void> {
    await extend(worker, receipt, ms).catch((error: unknown) => {
      log?.warn('queue.bell-not-hidden', { worker, error: String(error) })
    })
  }

  async function remove(worker: string, receipt: string): Promise<void> {
    try {
      const failure = await reaching(worker, 'delete', () => deletes.of(worker).add(receipt))
      if (failure !== undefined && !isReceiptOver(failure)) throw entryFailed(worker, 'delete', failure)
    } catch (error) {
      log?.warn('queue.bell-not-deleted', { worker, error: String(error) })
    }
  }

  return {
    extend,
    hide,
    giveBack: async (worker, receipts) => {
      await Promise.all(receipts.map((receipt) => hide(worker, receipt, 0)))
    },
    // A bell that could not be deleted comes back by itself, and its head says that it goes (protocol 9, 12). So nobody
    // waits for a delete, and none fails a renewal or the end of a run that is already written.
    done: async (worker, receipt) => void remove(worker, receipt),
    drain: async () => {
      await Promise.all([...holds.all(), ...deletes.all()].map((gathering) => gathering.drain()))
    },
  }
}

import type { Message } from '@aws-sdk/client-sqs'
import type { Log } from '#core/ports'
import type { ReadBell } from './bell-text.ts'
import type { Receipts } from './receipts.ts'

/** A message that nobody has taken care of yet comes again after so long; a bell of a newer program sooner. */
const foreignHideMs = 900_000
const newerHideMs = 30_000

/** A message in a worker's queue that is no bell of this worker. */
export interface ForeignMessage {
  readonly worker: string
  readonly messageId: string
  readonly reason: string
  readonly text: string
}

export type OnForeign = (message: ForeignMessage) => Promise<void>

export interface ForeignOptions {
  readonly receipts: Receipts
  readonly log: Log | undefined
  readonly onForeign: OnForeign | undefined
}

export interface Foreign {
  readonly setAside: (worker: string, message: Message, read: Exclude<ReadBell, { kind: 'bell' }>) => void
  readonly drain: () => Promise<void>
}

/** What is no bell is out of everybody's way at once, and never deleted before somebody has it. */
export function createForeign({ receipts, log, onForeign }: ForeignOptions): Foreign {
  const open = new Set<Promise<void>>()

  async function keep(message: ForeignMessage, receipt: string): Promise<void> {
    const { worker, messageId, reason } = message
    log?.warn('queue.foreign-message', { worker, messageId, reason })
    try {
      if (onForeign === undefined) return await receipts.hide(worker, receipt, foreignHideMs)
      await onForeign(message)
      await receipts.done(worker, receipt)
    } catch (error) {
      log?.error('queue.foreign-message-not-kept', { worker, messageId, error: String(error) })
      await receipts.hide(worker, receipt, foreignHideMs)
    }
  }

  return {
    setAside: (worker, { MessageId: messageId = '', Body: text = '', ReceiptHandle: receipt = '' }, read) => {
      const work =
        read.kind === 'newer'
          ? receipts.hide(worker, receipt, newerHideMs)
          : keep({ worker, messageId, text, reason: read.reason }, receipt)
      open.add(work)
      void work.finally(() => open.delete(work))
    },
    drain: async () => {
      await Promise.all(open)
    },
  }
}

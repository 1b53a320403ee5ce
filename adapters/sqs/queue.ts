import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Bell, Clock, Log, Queue } from '#core/ports'
import { reaching } from './failures.ts'
import { createForeign, type OnForeign } from './foreign.ts'
import { createEnsure, type HubQueues, queueNamePart } from './keyed-queues.ts'
import { createPolls } from './polls.ts'
import { createReceipts } from './receipts.ts'
import { readDepth } from './requests.ts'
import { createSends } from './sends.ts'

/** Longer than any poll that was given up can still wait. */
const closeMostMs = 30_000

export interface SqsQueueOptions {
  readonly client: SQSClient
  /** The queue of the worker `mill` lies at this address with `mill` behind it. */
  readonly queueUrlPrefix: string
  readonly clock: Clock
  readonly log?: Log | undefined
  /** Keeps a message that is no bell for a person to see; only then is it deleted. Without this it stays in the queue. */
  readonly onForeign?: OnForeign | undefined
  /** For the queues that are made here: whose they are. */
  readonly hub?: HubQueues | undefined
}

export interface SqsQueue extends Queue {
  /** Sends what a commit rings. Rejects with `unavailable` for a caller whose own bells did not all go out. */
  readonly sendBells: (bells: readonly Bell[]) => Promise<void>
  /** Sends what is gathered, and waits for polls that were given up: what they still bring goes back. */
  readonly close: () => Promise<void>
}

/** The queues of a hub's workers on SQS: one standard queue each, a bell a message. */
export function openSqsQueue(options: SqsQueueOptions): SqsQueue {
  const { client, queueUrlPrefix, clock, log, onForeign } = options
  const at = (worker: string) => ({ client, url: queueUrlPrefix + queueNamePart(worker) })
  const sends = createSends({ at, clock })
  const receipts = createReceipts({ at, clock, log })
  const foreign = createForeign({ receipts, log, onForeign })
  const polls = createPolls({ at, clock, giveBack: receipts.giveBack, setAside: foreign.setAside })

  /** In this order: each may leave work to the next. */
  async function drain(): Promise<void> {
    for (const part of [sends, polls, foreign, receipts]) await part.drain()
  }

  return {
    receive: polls.receive,
    extend: receipts.extend,
    done: receipts.done,
    ensure: createEnsure(options),
    depth: (worker) => reaching(worker, 'depth', () => readDepth(at(worker))),
    sendBells: sends.sendBells,
    close: async () => {
      const over = new AbortController()
      const longest = clock.wait(closeMostMs, over.signal).catch(() => undefined)
      await Promise.race([drain(), longest])
      over.abort()
    },
  }
}

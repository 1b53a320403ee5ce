import type { Message } from '@aws-sdk/client-sqs'
import type { Clock, Queue, ReceivedBell } from '#core/ports'
import { readBell } from './bell-text.ts'
import { reaching } from './failures.ts'
import type { Foreign } from './foreign.ts'
import type { Receipts } from './receipts.ts'
import { type QueueAt, receiveMessages } from './requests.ts'

/** SQS waits in whole seconds, 20 at most. */
const pollSecondsMost = 20
/** What is left of a wait when it is not worth a whole second of waiting. */
const tooShortMs = 500
/** An empty answer that comes sooner than half the wait asked for is not asked for again at once. */
const pauseMs = 100
/** A poll that took this long did not find its bells there: they have just come. */
const freshAfterMs = 50
/** The head of such a bell is being written just now, and a claim before that would be a paid refusal (protocol 9). */
const headStartMs = 20

type ReceiveAsk = Parameters<Queue['receive']>[0]

export interface PollOptions {
  readonly at: (worker: string) => QueueAt
  readonly clock: Clock
  readonly giveBack: Receipts['giveBack']
  readonly setAside: Foreign['setAside']
}

export interface Polls {
  readonly receive: Queue['receive']
  /** Resolves when no poll that was given up can take a message along any more. */
  readonly drain: () => Promise<void>
}

/**
 * Long polls. A hold counts from the moment its request is sent (protocol 9), and a poll may wait before it finds
 * anything: so it waits for a third of the hold at most, and is sent again until the asked time is over.
 *
 * A poll that is given up is not cut off. SQS goes on with it and would hand the next bells to a closed connection,
 * where they stay hidden for their whole hold. It runs to its end, and what it still brings is given back.
 */
export function createPolls({ at, clock, giveBack, setAside }: PollOptions): Polls {
  const givenUp = new Set<Promise<void>>()

  async function receive(ask: ReceiveAsk): Promise<readonly ReceivedBell[]> {
    const untilMs = clock.monotonicMs() + ask.waitMs
    for (;;) {
      const askedAtMs = clock.monotonicMs()
      const seconds = pollSeconds(untilMs - askedAtMs, ask.holdMs)
      const bells = await poll(ask, seconds, askedAtMs)
      const leftMs = untilMs - clock.monotonicMs()
      if (bells.length > 0 || isOver(ask.signal) || leftMs <= 0) return bells
      if (seconds > 0 && leftMs < tooShortMs) return bells
      const isEarly = clock.monotonicMs() - askedAtMs < seconds * 500
      const restMs = seconds === 0 ? leftMs : isEarly ? Math.min(leftMs, pauseMs) : 0
      if (restMs > 0) await clock.wait(restMs, ask.signal).catch(() => undefined)
      if (isOver(ask.signal)) return []
    }
  }

  async function poll(ask: ReceiveAsk, seconds: number, askedAtMs: number): Promise<readonly ReceivedBell[]> {
    if (isOver(ask.signal)) return []
    const { worker } = ask
    const answer = reaching(worker, 'receive', () => receiveMessages(at(worker), { ...ask, seconds }))
    const messages = ask.signal === undefined ? await answer : await orAborted(answer, ask.signal)
    if (messages === undefined) {
      giveUp(worker, answer)
      return []
    }
    const bells = messages.flatMap((message) => bellOf(worker, message, askedAtMs + ask.holdMs))
    const hasWaited = seconds > 0 && clock.monotonicMs() - askedAtMs >= freshAfterMs
    if (hasWaited && bells.some(({ receivedCount }) => receivedCount === 1)) await clock.wait(headStartMs)
    if (!isOver(ask.signal)) return bells
    await giveBack(
      worker,
      bells.map(({ receipt }) => receipt),
    )
    return []
  }

  function bellOf(worker: string, message: Message, heldUntilMs: number): readonly ReceivedBell[] {
    const read = readBell(worker, message.Body)
    if (read.kind !== 'bell') {
      setAside(worker, message, read)
      return []
    }
    const { SentTimestamp, ApproximateReceiveCount } = message.Attributes ?? {}
    const sentAt = Number(SentTimestamp ?? clock.now())
    const receivedCount = Number(ApproximateReceiveCount ?? 1)
    return [{ bell: read.bell, receipt: message.ReceiptHandle ?? '', receivedCount, sentAt, heldUntilMs }]
  }

  function giveUp(worker: string, answer: Promise<readonly Message[]>): void {
    const over = answer
      .then((messages) =>
        giveBack(
          worker,
          messages.map(({ ReceiptHandle }) => ReceiptHandle ?? ''),
        ),
      )
      .catch(() => undefined)
      .finally(() => givenUp.delete(over))
    givenUp.add(over)
  }

  return {
    receive,
    drain: async () => {
      await Promise.all(givenUp)
    },
  }
}

/** Whole seconds, to the nearest: a wait of under half a second is one look now and one at its end. */
function pollSeconds(leftMs: number, holdMs: number): number {
  const seconds = Math.max(0, Math.round(leftMs / 1_000))
  const ofHold = Math.max(1, Math.floor(holdMs / 3_000))
  return Math.min(seconds, ofHold, pollSecondsMost)
}

function isOver(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

/** The answer, or undefined if the caller gives up before it comes. */
function orAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { QueueDepth } from '#core/ports'
import { codeOf, isOverLimit, isThrottle } from './failures.ts'
import { type EntryFailure, entriesMost } from './gathering.ts'
import { holdSeconds } from './seconds.ts'

/**
 * The requests that go to a worker's queue. Those of messages are always the batch form: with one entry it costs the
 * same, wants the same permission, and there is one way in which things fail instead of two.
 */
export interface QueueAt {
  readonly client: SQSClient
  readonly url: string
}

/** What the answer of a receive may take beyond the wait that was asked for. */
const answerMs = 5_000

export interface MessagesAsk {
  readonly max: number
  readonly holdMs: number
  readonly seconds: number
}

export async function receiveMessages(
  { client, url }: QueueAt,
  { max, holdMs, seconds }: MessagesAsk,
): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: Math.min(max, entriesMost),
    VisibilityTimeout: holdSeconds(holdMs),
    WaitTimeSeconds: seconds,
    MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
  })
  try {
    const { Messages } = await client.send(command, { requestTimeout: seconds * 1_000 + answerMs })
    return Messages ?? []
  } catch (error) {
    if (isOverLimit(error)) return []
    throw error
  }
}

type Failures = ReadonlyMap<number, EntryFailure>

export interface Outgoing {
  readonly text: string
  readonly delaySeconds: number
  readonly group: string | undefined
}

export async function sendMessages({ client, url }: QueueAt, outgoing: readonly Outgoing[]): Promise<Failures> {
  const Entries = outgoing.map(({ text, delaySeconds, group }, index) => ({
    Id: String(index),
    MessageBody: text,
    DelaySeconds: delaySeconds,
    ...(group === undefined ? {} : { MessageGroupId: group }),
  }))
  return failuresOf(Entries, await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })))
}

export interface Hold {
  readonly receipt: string
  readonly seconds: number
}

export async function holdMessages({ client, url }: QueueAt, holds: readonly Hold[]): Promise<Failures> {
  const Entries = holds.map(({ receipt, seconds }, index) => ({
    Id: String(index),
    ReceiptHandle: receipt,
    VisibilityTimeout: seconds,
  }))
  return failuresOf(Entries, await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries })))
}

export async function deleteMessages({ client, url }: QueueAt, receipts: readonly string[]): Promise<Failures> {
  const Entries = receipts.map((receipt, index) => ({ Id: String(index), ReceiptHandle: receipt }))
  return failuresOf(Entries, await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries })))
}

export async function readDepth({ client, url }: QueueAt): Promise<QueueDepth> {
  const { Attributes: counts = {} } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesDelayed',
        'ApproximateNumberOfMessagesNotVisible',
      ],
    }),
  )
  return {
    visible: Number(counts.ApproximateNumberOfMessages ?? 0),
    delayed: Number(counts.ApproximateNumberOfMessagesDelayed ?? 0),
    held: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0),
  }
}

interface BatchAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined
  readonly Failed?: readonly BatchResultErrorEntry[] | undefined
}

/** An entry that the answer does not speak of is taken as failed: asking twice harms nothing here. */
function failuresOf(entries: readonly { readonly Id: string }[], { Successful, Failed }: BatchAnswer): Failures {
  const done = new Set(Successful?.map(({ Id }) => Id))
  const failed = new Map(Failed?.map((each) => [each.Id, each]))
  const failures = new Map<number, EntryFailure>()
  for (const [index, { Id }] of entries.entries()) {
    if (!done.has(Id)) failures.set(index, failureOf(failed.get(Id)))
  }
  return failures
}

function failureOf(entry: BatchResultErrorEntry | undefined): EntryFailure {
  if (entry === undefined) return { code: 'NoAnswer', message: 'SQS said nothing of it', isOurs: false }
  const code = codeOf(entry.Code ?? 'Unknown')
  return { code, message: entry.Message ?? '', isOurs: entry.SenderFault === true && !isThrottle(code) }
}

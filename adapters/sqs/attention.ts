import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { isAway, unavailable } from '../aws/away.ts'
import { plainText } from './bell-text.ts'

/** A note is for a person: the beginning of a long detail tells what it is of. */
const detailCharsMost = 100_000

export interface AttentionNote {
  readonly kind: string
  readonly message: string
  readonly detail?: unknown
}

/** Puts what a person has to look at into the hub's attention queue, whose alarm rings at the first message. */
export function createAttention(client: SQSClient, url: string): (note: AttentionNote) => Promise<void> {
  return async ({ kind, message, detail }) => {
    const text = plainText(JSON.stringify({ kind, message, detail: bounded(detail) }))
    try {
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: text }))
    } catch (error) {
      throw isAway(error) ? unavailable(error, 'the attention queue') : error
    }
  }
}

function bounded(detail: unknown): unknown {
  const text = JSON.stringify(detail) ?? ''
  return text.length <= detailCharsMost ? detail : { cut: text.slice(0, detailCharsMost), chars: text.length }
}

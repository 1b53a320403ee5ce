import type { SQSClient } from '@aws-sdk/client-sqs'
import { createSqsClient } from '#adapters/sqs/client'
import { type Fault, spoil, type Try } from '../../support/aws-faults.ts'
import type { SqsEngine } from '../../support/engines/fauxqs.ts'

export interface RequestInput {
  readonly Entries?: readonly Readonly<Record<string, unknown>>[]
  readonly VisibilityTimeout?: number
  readonly WaitTimeSeconds?: number
  readonly MaxNumberOfMessages?: number
}

export type RequestTry = Try<RequestInput>

export interface Watched {
  readonly client: SQSClient
  readonly tries: RequestTry[]
}

/** A client whose requests can be looked at, and spoiled one by one. */
export function watched(
  sqs: SqsEngine,
  faultOf: (command: string, count: number) => Fault | undefined = () => undefined,
): Watched {
  const client = createSqsClient(sqs.settings)
  return { client, tries: spoil<RequestInput>(client, faultOf) }
}

/** SQS took the request, yet failed these of its entries by themselves. */
export function failing(ids: readonly string[], code: string, SenderFault: boolean): Fault {
  return {
    kind: 'answered',
    output: ({ Successful }) => ({
      Successful: (Successful as readonly { Id: string }[]).filter(({ Id }) => !ids.includes(Id)),
      Failed: ids.map((Id) => ({ Id, Code: code, Message: 'said so', SenderFault })),
    }),
  }
}

import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Attributes } from '#adapters/dynamodb/head-attributes'
import type { Platform } from '../support/platform/platform.ts'

/** Somebody with keys to everything, who makes things look as no part of a hub leaves them. */
export type Tester = ReturnType<typeof createTester>

/** Its calls stand among the notes by this name. */
export const testerName = 'tester'

export function createTester({ proxy, table, bucket, queueUrlPrefix, attentionUrl }: Platform) {
  const credentials = { accessKeyId: testerName, secretAccessKey: testerName }
  const to = (service: string) => ({ endpoint: proxy.endpoints[service] ?? '', region: 'us-east-1', credentials })
  const dynamo = new DynamoDBClient(to('dynamodb'))
  const sqs = new SQSClient({ ...to('sqs'), useQueueUrlAsEndpoint: false })
  const s3 = new S3Client({ ...to('s3'), forcePathStyle: true })
  const object = (payload: string) => ({ Bucket: bucket, Key: `payloads/${payload}` })
  return {
    put: async (item: Attributes) => void (await dynamo.send(new PutItemCommand({ TableName: table, Item: item }))),
    itemsOf: async (pk: string, prefix: string): Promise<readonly Attributes[]> => {
      const { Items } = await dynamo.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk and begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': { S: pk }, ':prefix': { S: prefix } },
        }),
      )
      return Items ?? []
    },
    ring: async (worker: string, text: string) =>
      void (await sqs.send(new SendMessageCommand({ QueueUrl: `${queueUrlPrefix}${worker}`, MessageBody: text }))),
    notes: async (): Promise<readonly string[]> => {
      const ask = { QueueUrl: attentionUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }
      return (await sqs.send(new ReceiveMessageCommand(ask))).Messages?.map(({ Body = '' }) => Body) ?? []
    },
    removeBytes: async (payload: string) => void (await s3.send(new DeleteObjectCommand(object(payload)))),
    hasBytes: (payload: string): Promise<boolean> =>
      s3.send(new HeadObjectCommand(object(payload))).then(
        () => true,
        () => false,
      ),
    [Symbol.dispose]: () => {
      for (const client of [dynamo, sqs, s3]) client.destroy()
    },
  }
}

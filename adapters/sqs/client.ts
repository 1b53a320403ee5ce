import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs'
import { clientSettings } from '../aws/http.ts'

/** How long one try of a send, an extend or a delete may take. A receive asks for the time that it means to wait. */
const requestMs = 3_000

/** Region, keys and endpoint come from the environment, as AWS's own tools take them (`AWS_ENDPOINT_URL_SQS` too). */
export function createSqsClient(overrides: SQSClientConfig = {}): SQSClient {
  // Without this the client takes a queue's own address for the endpoint, and the variable would mean nothing.
  const useQueueUrlAsEndpoint = process.env.AWS_ENDPOINT_URL_SQS === undefined
  return new SQSClient({ ...clientSettings({ requestMs }), useQueueUrlAsEndpoint, ...overrides })
}

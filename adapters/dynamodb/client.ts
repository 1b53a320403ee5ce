import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { clientSettings } from '../aws/http.ts'

/** A conditional write takes some 5 ms; what takes longer than this is a broken connection. */
const requestMs = 3_000

/** Region, keys and endpoint come from the environment, as AWS's own tools take them (`AWS_ENDPOINT_URL_DYNAMODB` too). */
export function createDynamoClient(overrides: DynamoDBClientConfig = {}): DynamoDBClient {
  return new DynamoDBClient({ ...clientSettings({ requestMs, silentMs: requestMs }), ...overrides })
}

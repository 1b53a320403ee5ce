import { LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda'
import { clientSettings } from '../aws/http.ts'

/** An asynchronous call is only taken down, so its answer is there at once. */
const requestMs = 2_000
/** Somebody waits for whoever calls. */
const triesMost = 2

/** Region, keys and endpoint come from the environment (`AWS_ENDPOINT_URL_LAMBDA` too). */
export function createLambdaClient(overrides: LambdaClientConfig = {}): LambdaClient {
  return new LambdaClient({
    ...clientSettings({ requestMs, silentMs: requestMs }),
    maxAttempts: triesMost,
    ...overrides,
  })
}

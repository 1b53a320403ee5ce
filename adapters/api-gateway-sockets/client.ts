import {
  ApiGatewayManagementApiClient,
  type ApiGatewayManagementApiClientConfig,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { clientSettings } from '../aws/http.ts'

/** How long one try may take. With its one repeat that is what a slow watcher can cost whoever follows up a change. */
const requestMs = 1_000
/** What is not sent is told by the next change, or repeated by the clock: more tries would only hold others up. */
const triesMost = 2

export interface SocketsClientOptions extends ApiGatewayManagementApiClientConfig {
  /** The address that watchers open, `wss://…/live`: API Gateway takes what is for them at the same place. */
  readonly liveUrl: string
}

/** Region and keys come from the environment, and `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI` where it is set. */
export function createSocketsClient({ liveUrl, ...overrides }: SocketsClientOptions): ApiGatewayManagementApiClient {
  const isElsewhere = process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI !== undefined
  const endpoint = isElsewhere ? {} : { endpoint: liveUrl.replace(/^ws/, 'http') }
  return new ApiGatewayManagementApiClient({
    ...clientSettings({ requestMs, silentMs: requestMs }),
    ...{ maxAttempts: triesMost },
    ...endpoint,
    ...overrides,
  })
}

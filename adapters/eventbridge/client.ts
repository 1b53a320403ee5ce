import { EventBridgeClient, type EventBridgeClientConfig } from '@aws-sdk/client-eventbridge'
import { clientSettings } from '../aws/http.ts'

const requestMs = 3_000

/** Region, keys and endpoint come from the environment (`AWS_ENDPOINT_URL_EVENTBRIDGE` too). */
export function createEventBridgeClient(overrides: EventBridgeClientConfig = {}): EventBridgeClient {
  return new EventBridgeClient({ ...clientSettings({ requestMs }), ...overrides })
}

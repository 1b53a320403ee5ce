import { CloudWatchLogsClient, type CloudWatchLogsClientConfig } from '@aws-sdk/client-cloudwatch-logs'
import { clientSettings } from '../aws/http.ts'

/** A search reads for some seconds before it answers what it has found so far. */
const requestMs = 8_000

/** Region, keys and endpoint come from the environment (`AWS_ENDPOINT_URL_CLOUDWATCH_LOGS` too). */
export function createCloudWatchLogsClient(overrides: CloudWatchLogsClientConfig = {}): CloudWatchLogsClient {
  return new CloudWatchLogsClient({ ...clientSettings({ requestMs }), ...overrides })
}

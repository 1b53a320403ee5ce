import { ECSClient, type ECSClientConfig } from '@aws-sdk/client-ecs'
import { clientSettings } from '../aws/http.ts'

/** RunTask of ten takes about a second; each try carries the token of the first. */
const requestMs = 6_000

/** Region, keys and endpoint come from the environment, as AWS's own tools take them (`AWS_ENDPOINT_URL_ECS` too). */
export function createEcsClient(overrides: ECSClientConfig = {}): ECSClient {
  return new ECSClient({ ...clientSettings({ requestMs }), ...overrides })
}

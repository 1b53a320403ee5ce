import { workerProtocol } from '#core/contract/worker-protocol'

/**
 * The routes of the hub's API, one for each permission: IAM sees method and path only, so nothing is behind a wildcard
 * route. A test holds this list against the API's own table.
 */
export interface HubRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /**
   * Which of the ready policies allows it. None allows what is for `deployer`s or for `instance`s outside of this
   * account's containers: whoever needs that is given the path itself.
   */
  readonly for:
    | 'everybody'
    | 'submitter'
    | 'submitter of any'
    | 'reader'
    | 'operator'
    | 'watcher'
    | 'deployer'
    | 'instance'
}

export const routes: readonly HubRoute[] = [
  { method: 'GET', path: '/healthz', for: 'everybody' },
  { method: 'GET', path: '/v1/openapi.json', for: 'reader' },
  { method: 'POST', path: '/v1/commands/{command}/tasks', for: 'submitter' },
  { method: 'POST', path: '/v1/commands/{command}/tasks/batch', for: 'submitter' },
  { method: 'POST', path: '/v1/payloads', for: 'submitter' },
  { method: 'POST', path: '/v1/tasks', for: 'submitter of any' },
  { method: 'POST', path: '/v1/tasks/batch', for: 'submitter of any' },
  { method: 'GET', path: '/v1/tasks', for: 'reader' },
  { method: 'POST', path: '/v1/bulk', for: 'operator' },
  { method: 'GET', path: '/v1/tasks/{id}', for: 'reader' },
  { method: 'PATCH', path: '/v1/tasks/{id}', for: 'operator' },
  { method: 'DELETE', path: '/v1/tasks/{id}', for: 'operator' },
  { method: 'POST', path: '/v1/tasks/{id}/cancel', for: 'operator' },
  { method: 'POST', path: '/v1/tasks/{id}/retry', for: 'operator' },
  { method: 'GET', path: '/v1/tasks/{id}/files/{name}', for: 'reader' },
  { method: 'GET', path: '/v1/tasks/{id}/steps', for: 'reader' },
  { method: 'GET', path: '/v1/tasks/{id}/children', for: 'reader' },
  { method: 'GET', path: '/v1/tasks/{id}/logs', for: 'reader' },
  { method: 'POST', path: '/v1/tasks/{id}/signals/{name}', for: 'operator' },
  { method: 'POST', path: '/v1/tasks/{id}/watch-token', for: 'watcher' },
  { method: 'POST', path: '/v1/watch-tokens', for: 'watcher' },
  { method: 'DELETE', path: '/v1/watch-tokens/{id}', for: 'watcher' },
  { method: 'GET', path: '/v1/workers', for: 'reader' },
  { method: 'GET', path: '/v1/workers/{name}', for: 'reader' },
  { method: 'PUT', path: '/v1/workers/{name}', for: 'deployer' },
  { method: 'POST', path: '/v1/workers/{name}/pause', for: 'operator' },
  { method: 'POST', path: '/v1/workers/{name}/resume', for: 'operator' },
  { method: 'GET', path: '/v1/commands', for: 'reader' },
  ...Object.keys(workerProtocol).map((op) => instanceRoute(op)),
]

function instanceRoute(op: string): HubRoute {
  return { method: 'POST', path: `/v1/worker-protocol/${op}`, for: 'instance' }
}

import { queueNameOf } from '#core/contract/hub-env'
import type { Account, HubRole } from './account.ts'
import { decide, type IamRequest, isFor, type Statement, speaksOf } from './evaluate.ts'

/** Least privilege, both ways: what was asked is allowed, and what is allowed was asked. */

/** What IAM would have refused, each once. */
export function refused({ policies, roles }: Account, requests: readonly IamRequest[]): readonly string[] {
  const names = new Map([...roles].map(([name, { arn }]) => [arn, name]))
  const lines = distinct(requests).flatMap((request) => {
    const { kind } = decide(policies, request)
    return kind === 'allowed'
      ? []
      : [`${names.get(request.principal)}: ${request.action} on ${request.resource}: ${kind}`]
  })
  return [...new Set(lines)]
}

/** One action on one resource, as a role of some kind is allowed it. */
export interface Grant {
  readonly to: string
  readonly action: string
  readonly on: string
}

/**
 * What is allowed and was never asked for. All workers' roles are made alike, so one of them using it is enough, as one
 * role is of those that the policy of a queue lets in. An action with a wildcard counts as never asked for.
 */
export function unused({ policies, roles, hub }: Account, requests: readonly IamRequest[]): readonly Grant[] {
  const granted = new Map<string, Grant>()
  const used = new Set<string>()
  const asked = distinct(requests)
  const workers = [...roles.values()].flatMap(({ worker }) => worker ?? [])
  const look = (to: string, statement: Statement, by: readonly IamRequest[]) => {
    if (statement.effect === 'Deny') return
    for (const action of statement.actions) {
      for (const resource of statement.resources) {
        const grant = { to, action, on: ofAnyWorker(resource, hub, workers) }
        const key = JSON.stringify(grant)
        granted.set(key, grant)
        const alone = { ...statement, actions: [action], resources: [resource] }
        if (!action.includes('*') && by.some((each) => speaksOf(alone, each))) used.add(key)
      }
    }
  }
  for (const [arn, statements] of policies.ofRoles) {
    const own = asked.filter(({ principal }) => principal === arn)
    for (const statement of statements) look(kindOf(arn, roles), statement, own)
  }
  for (const statement of policies.ofResources) {
    const by = asked.filter(({ principal }) => isFor(statement, principal))
    // Services alone: no role of the hub.
    if ((statement.principals ?? []).length > 0) look('roles of the hub', statement, by)
  }
  return [...granted].filter(([key]) => !used.has(key)).map(([, grant]) => grant)
}

function kindOf(arn: string, roles: ReadonlyMap<string, HubRole>): string {
  const role = [...roles.values()].find((each) => each.arn === arn)
  if (role === undefined) throw new Error(`nobody takes on the role ${arn}`)
  return role.kind
}

function ofAnyWorker(resource: string, hub: string, workers: readonly string[]): string {
  const worker = workers.find((name) => resource.endsWith(`:${queueNameOf(hub, name)}`))
  return worker === undefined ? resource : resource.replace(queueNameOf(hub, worker), queueNameOf(hub, '<worker>'))
}

function distinct(requests: readonly IamRequest[]): readonly IamRequest[] {
  return [...new Map(requests.map((request) => [JSON.stringify(request), request])).values()]
}

import { queueNameOf } from '#core/contract/hub-env'
import type { Account, HubRole } from './account.ts'
import { decide, type IamRequest, isFor, type Statement, speaksOf } from './evaluate.ts'
import { contextOf } from './requests.ts'

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
 * What is allowed and was never asked for, by kinds of roles: all workers' roles are made alike, so one of them using it
 * is enough. What the policy of a queue allows counts for each role that it lets in. An action with a wildcard counts as
 * never asked for.
 */
export function unused({ policies, roles, hub }: Account, requests: readonly IamRequest[]): readonly Grant[] {
  const granted = new Map<string, Grant>()
  const used = new Set<string>()
  const asked = distinct(requests)
  for (const [arn, own] of policies.ofRoles) {
    const role = [...roles.values()].find((each) => each.arn === arn)
    if (role === undefined) throw new Error(`nobody takes on the role ${arn}`)
    const by = asked.filter(({ principal }) => principal === arn)
    const others = policies.ofResources.filter((statement) => isFor(statement, arn)).flatMap(single)
    for (const each of [...own.flatMap(single), ...others.filter((other) => letsIn(other, arn))]) {
      const [[action = ''], [resource = '']] = [each.actions, each.resources]
      const grant = { to: role.kind, action, on: ofAnyWorker(resource, hub, roles) }
      const key = JSON.stringify(grant)
      granted.set(key, grant)
      if (!action.includes('*') && by.some((request) => speaksOf(each, request))) used.add(key)
    }
  }
  return [...granted].filter(([key]) => !used.has(key)).map(([, grant]) => grant)
}

/** One statement for each action and resource of what a statement allows. */
function single(statement: Statement): readonly Statement[] {
  const { effect, actions, resources } = statement
  if (effect === 'Deny') return []
  return actions.flatMap((action) =>
    resources.map((resource) => ({ ...statement, actions: [action], resources: [resource] })),
  )
}

function letsIn(statement: Statement, arn: string): boolean {
  const [[action = ''], [resource = '']] = [statement.actions, statement.resources]
  return speaksOf(statement, { principal: arn, action, resource, context: contextOf(arn) })
}

function ofAnyWorker(resource: string, hub: string, roles: ReadonlyMap<string, HubRole>): string {
  const worker = [...roles.values()].flatMap((role) => role.worker ?? []).find((name) => isQueueOf(resource, hub, name))
  return worker === undefined ? resource : resource.replace(queueNameOf(hub, worker), queueNameOf(hub, '<worker>'))
}

function isQueueOf(resource: string, hub: string, worker: string): boolean {
  return resource.endsWith(`:${queueNameOf(hub, worker)}`)
}

function distinct(requests: readonly IamRequest[]): readonly IamRequest[] {
  return [...new Map(requests.map((request) => [JSON.stringify(request), request])).values()]
}

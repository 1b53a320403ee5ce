import { type Conditions, type Context, doHold } from './conditions.ts'
import { isActionLike, isArnLike } from './patterns.ts'

/** What IAM makes of one request in one account: any deny refuses it, else one allow lets it through. */

export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly conditions: Conditions
  /** ARNs or `*`; only in policies of resources. Services are left out: none of them is a role. */
  readonly principals?: readonly string[]
}

export interface Policies {
  /** By the ARN of the role. */
  readonly ofRoles: ReadonlyMap<string, readonly Statement[]>
  readonly ofResources: readonly Statement[]
}

export interface IamRequest {
  /** The ARN of a role. */
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly context: Context
}

export type Decision =
  | { readonly kind: 'allowed'; readonly by: readonly Statement[] }
  | { readonly kind: 'denied'; readonly by: readonly Statement[] }
  /** Nothing speaks of it. */
  | { readonly kind: 'not allowed' }

export function decide({ ofRoles, ofResources }: Policies, request: IamRequest): Decision {
  const own = ofRoles.get(request.principal)
  if (own === undefined) throw new Error(`${request.principal} is no role of this account`)
  const others = ofResources.filter((statement) => isFor(statement, request.principal))
  const speaking = [...own, ...others].filter((statement) => speaksOf(statement, request))
  const denies = speaking.filter(({ effect }) => effect === 'Deny')
  if (denies.length > 0) return { kind: 'denied', by: denies }
  return speaking.length > 0 ? { kind: 'allowed', by: speaking } : { kind: 'not allowed' }
}

export function isFor({ principals = [] }: Statement, role: string): boolean {
  return principals.some((each) => each === '*' || each === role)
}

export function speaksOf({ actions, resources, conditions }: Statement, request: IamRequest): boolean {
  return (
    actions.some((pattern) => isActionLike(pattern, request.action)) &&
    resources.some((pattern) => isArnLike(pattern, request.resource)) &&
    doHold(conditions, request.context)
  )
}

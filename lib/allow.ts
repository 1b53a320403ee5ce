import { Stack, Validations } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'

/** What a role may do. */
export interface Allowance {
  readonly actions: readonly string[]
  readonly on: readonly string[]
  readonly when?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Why a resource has a wildcard; needed wherever one has. */
  readonly because?: string
}

/** Adds a statement to a role. A wildcard is said to the rules of AWS Solutions with its reason, one by one. */
export function allow(role: Role, { actions, on, when = {}, because }: Allowance): void {
  role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...on], conditions: { ...when } }))
  for (const resource of on.map((each) => flat(Stack.of(role).resolve(each)))) {
    if (!resource.includes('*')) continue
    if (because === undefined) throw new Error(`${actions.join(', ')} on ${resource}: say why there is a wildcard`)
    acceptWildcard(role, resource, because)
  }
}

export function acceptWildcard(role: Role, resource: string, reason: string): void {
  Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason })
}

/** An ARN as findings of cdk-nag spell it, with `<…>` for what is known at deployment. */
function flat(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const [[name, inner] = []] = Object.entries(value)
  switch (name) {
    case 'Fn::Join':
      return (inner[1] as readonly unknown[]).map(flat).join(inner[0])
    case 'Fn::GetAtt':
      return `<${inner.join('.')}>`
    case 'Ref':
      return `<${inner}>`
    default:
      return JSON.stringify(value)
  }
}

import { account } from '../cdk/settle.ts'
import type { Resource } from '../cdk/synth.ts'
import type { Conditions } from './conditions.ts'
import type { Policies, Statement } from './evaluate.ts'

/** The policies of a settled template (`settle`): those of its roles, and those of its queues and buckets. */

type Resources = Readonly<Record<string, Resource>>

interface RawStatement {
  readonly Sid?: string
  readonly Effect: Statement['effect']
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: Conditions
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>
}

const known = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition', 'Principal'])
const resourcePolicies = new Set(['AWS::SQS::QueuePolicy', 'AWS::S3::BucketPolicy'])
/** Nothing of them is evaluated here: who may take a role on, who may call a function, what services may do by themselves. */
const otherPolicies = new Set(['AWS::SNS::TopicPolicy', 'AWS::Lambda::Permission', 'AWS::Logs::ResourcePolicy'])

export function policiesOf(resources: Resources): Policies {
  const arnOfRole = (id: string) => `arn:aws:iam::${account}:role${resources[id]?.Properties.Path ?? '/'}${id}`
  const ofRoles = new Map<string, Statement[]>()
  const ofResources: Statement[] = []
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type === 'AWS::IAM::Role') add(ofRoles, arnOfRole(id), ownOf(id, Properties))
    else if (Type === 'AWS::IAM::Policy') {
      for (const role of Properties.Roles) add(ofRoles, arnOfRole(role), statementsOf(Properties.PolicyDocument))
    } else if (resourcePolicies.has(Type)) ofResources.push(...statementsOf(Properties.PolicyDocument))
    else if (/Polic(?:y|ies)$|::Permission$/.test(Type) && !otherPolicies.has(Type)) {
      throw new Error(`${id}: these tests do not know what ${Type} allows`)
    }
  }
  return { ofRoles, ofResources }
}

function add(to: Map<string, Statement[]>, role: string, statements: readonly Statement[]): void {
  to.set(role, [...(to.get(role) ?? []), ...statements])
}

function ownOf(id: string, properties: Resource['Properties']): readonly Statement[] {
  const { ManagedPolicyArns: managed = [], Policies: inline = [], PermissionsBoundary: bound } = properties
  if (managed.length > 0) throw new Error(`${id} has policies that AWS wrote: ${managed.join(', ')}`)
  if (bound !== undefined) throw new Error(`${id} has a boundary, which these tests do not know`)
  return inline.flatMap(({ PolicyDocument }: { readonly PolicyDocument: unknown }) => statementsOf(PolicyDocument))
}

function statementsOf(document: unknown): readonly Statement[] {
  return [(document as { readonly Statement: RawStatement | readonly RawStatement[] }).Statement]
    .flat()
    .map(statementOf)
}

function statementOf(raw: RawStatement): Statement {
  const strange = Object.keys(raw).filter((key) => !known.has(key))
  if (strange.length > 0) throw new Error(`a statement with ${strange.join(', ')}, which these tests do not know`)
  const resources = [raw.Resource].flat().map((each) => {
    if (typeof each === 'string' && !each.includes(':x:')) return each
    throw new Error(`the resource ${JSON.stringify(each)} of a statement is not settled`)
  })
  return {
    effect: raw.Effect,
    actions: [raw.Action].flat(),
    resources,
    conditions: raw.Condition ?? {},
    ...(raw.Principal === undefined ? {} : { principals: principalsOf(raw.Principal) }),
  }
}

function principalsOf(principal: NonNullable<RawStatement['Principal']>): readonly string[] {
  if (principal === '*') return ['*']
  const { AWS: arns = [], Service: _, ...others } = principal
  if (Object.keys(others).length > 0) throw new Error(`a principal of another kind: ${Object.keys(others).join(', ')}`)
  return [arns].flat()
}

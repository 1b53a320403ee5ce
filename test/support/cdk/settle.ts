/** A template with what is known at deployment only put in: names and ARNs as an account would have them. */
import type { Resource } from './synth.ts'

export const account = '111122223333'
export const region = 'eu-central-1'

const pseudo: Readonly<Record<string, string>> = {
  'AWS::AccountId': account,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'Tasks',
  'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/Tasks/0a1b2c3d-1111-2222-3333-444455556666`,
}

type Resources = Readonly<Record<string, Resource>>

export function settle(resources: Resources, parameters: Readonly<Record<string, unknown>> = {}): Resources {
  return inPlace(resources, { resources, parameters }) as Resources
}

interface Place {
  readonly resources: Resources
  readonly parameters: Readonly<Record<string, unknown>>
}

function inPlace(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) return value.map((each) => inPlace(each, place))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [name, inner] = entries.length === 1 ? (entries[0] as [string, unknown]) : ['', undefined]
  switch (name) {
    case 'Ref':
      return refOf(String(inner), place)
    case 'Fn::GetAtt':
      return attributeOf(inner as [string, string], place)
    case 'Fn::Join': {
      const [separator, parts] = inner as [string, unknown]
      return (inPlace(parts, place) as string[]).join(separator)
    }
    case 'Fn::Select': {
      const [index, list] = inner as [number, unknown]
      return (inPlace(list, place) as unknown[])[Number(index)]
    }
    case 'Fn::Split': {
      const [separator, text] = inner as [string, unknown]
      return String(inPlace(text, place)).split(separator)
    }
    case 'Fn::Sub':
      return String(inner).replaceAll(/\$\{([^}]+)\}/g, (_, each: string) => String(refOf(each, place)))
    case 'Fn::GetAZs':
      return [`${region}a`, `${region}b`]
    default:
      return Object.fromEntries(entries.map(([key, each]) => [key, inPlace(each, place)]))
  }
}

function refOf(id: string, place: Place): unknown {
  if (id in pseudo) return pseudo[id]
  if (id in place.parameters) return place.parameters[id]
  const resource = place.resources[id]
  const name = nameOf(id, place)
  switch (resource?.Type) {
    case 'AWS::SQS::Queue':
      return `https://sqs.${region}.amazonaws.com/${account}/${name}`
    case 'AWS::SNS::Topic':
    case 'AWS::ECS::TaskDefinition':
      return arnOf(id, place)
    default:
      return name
  }
}

function attributeOf([id, attribute]: readonly [string, string], place: Place): string {
  const arn = arnOf(id, place)
  switch (attribute) {
    case 'Arn':
      return arn
    case 'StreamArn':
      return `${arn}/stream/2026-11-24T00:00:00.000`
    case 'ApiEndpoint': {
      const scheme = place.resources[id]?.Properties.ProtocolType === 'WEBSOCKET' ? 'wss' : 'https'
      return `${scheme}://${id.toLowerCase()}.execute-api.${region}.amazonaws.com`
    }
    case 'QueueName':
      return nameOf(id, place)
    default:
      return `${id}.${attribute}`
  }
}

const nameProperties = ['FunctionName', 'QueueName', 'BucketName', 'LogGroupName', 'ClusterName', 'RuleName']

function nameOf(id: string, place: Place): string {
  const properties = place.resources[id]?.Properties ?? {}
  const name = nameProperties.map((each) => properties[each]).find((each) => each !== undefined)
  return name === undefined ? id : String(inPlace(name, place))
}

function arnOf(id: string, place: Place): string {
  const { Type: type, Properties: properties = {} } = place.resources[id] ?? { Type: '' }
  const name = nameOf(id, place)
  const own = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`
  switch (type) {
    case 'AWS::S3::Bucket':
      return `arn:aws:s3:::${name}`
    case 'AWS::IAM::Role':
      return `arn:aws:iam::${account}:role${properties.Path ?? '/'}${name}`
    case 'AWS::SQS::Queue':
      return own('sqs', name)
    case 'AWS::SNS::Topic':
      return own('sns', name)
    case 'AWS::DynamoDB::Table':
      return own('dynamodb', `table/${name}`)
    case 'AWS::Lambda::Function':
      return own('lambda', `function:${name}`)
    case 'AWS::Logs::LogGroup':
      return own('logs', `log-group:${name}:*`)
    case 'AWS::Events::Rule': {
      const bus = properties.EventBusName === undefined ? '' : `${inPlace(properties.EventBusName, place)}/`
      return own('events', `rule/${bus}${properties.Name ?? name}`)
    }
    case 'AWS::ECS::TaskDefinition':
      return own('ecs', `task-definition/${properties.Family}:7`)
    case 'AWS::ECS::Cluster':
      return own('ecs', `cluster/${name}`)
    case 'AWS::CloudWatch::Alarm':
      return own('cloudwatch', `alarm:${properties.AlarmName}`)
    default:
      return own('x', name)
  }
}

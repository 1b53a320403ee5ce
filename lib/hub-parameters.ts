import { CfnOutput, Fn } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { StringListParameter, StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { arnsOf, type HubFacts } from './hub-facts.ts'
import { namesOf, type ParameterName } from './names.ts'

/** How other stacks learn of a hub: parameters under `/taskurai/<hub>/`, which cost nothing. */

export function tellOthers(scope: Construct, facts: HubFacts): void {
  const { parameter } = namesOf(facts.hubName)
  const text = (name: ParameterName, value: string) =>
    new StringParameter(scope, `Parameter ${name}`, { parameterName: parameter(name), stringValue: value })
  const list = (name: ParameterName, values: readonly string[]) =>
    new StringListParameter(scope, `Parameter ${name}`, {
      parameterName: parameter(name),
      stringListValue: [...values],
    })
  text('endpoint', facts.endpoint)
  text('table', facts.tableName)
  text('bucket', facts.bucketName)
  text('due-shards', facts.dueShards)
  text('directory-shards', facts.directoryShards)
  list('subnets', facts.network.subnetIds)
  list('security-groups', facts.network.securityGroupIds)
  text('public-ip', facts.network.assignPublicIp)
  new CfnOutput(scope, 'Endpoint', { value: facts.endpoint, description: 'TASKURAI_ENDPOINT of callers' })
}

/** The facts of a hub that another stack made, known when this stack is deployed. */
export function readParameters(scope: Construct, hubName: string): HubFacts {
  const { parameter } = namesOf(hubName)
  const text = (name: ParameterName) => StringParameter.valueForStringParameter(scope, parameter(name))
  const list = (name: ParameterName) => StringListParameter.valueForTypedListParameter(scope, parameter(name))
  const endpoint = text('endpoint')
  const arns = arnsOf(scope, hubName)
  return {
    hubName,
    endpoint,
    apiId: Fn.select(0, Fn.split('.', Fn.select(1, Fn.split('://', endpoint)))),
    tableName: text('table'),
    bucketName: text('bucket'),
    dueShards: text('due-shards'),
    directoryShards: text('directory-shards'),
    attentionQueueArn: arns.attentionQueue,
    intakeArn: arns.function('intake'),
    registrarArn: arns.function('registrar'),
    network: {
      subnetIds: asText(list('subnets')),
      securityGroupIds: asText(list('security-groups')),
      assignPublicIp: text('public-ip'),
    },
    logRetention: RetentionDays.ONE_MONTH,
    ready: [],
  }
}

/**
 * A list whose length is known at deployment only, as one text that stands between the quotes of a JSON array: the
 * registration is JSON, and gets its quotes and commas from here.
 */
function asText(list: readonly string[]): readonly string[] {
  return [Fn.join('","', [...list])]
}

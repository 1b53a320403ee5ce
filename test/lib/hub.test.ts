import { Stack } from 'aws-cdk-lib'
import { type SubnetSelection, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import { describe, expect, test } from 'vitest'
import { RegistrarProps } from '#functions/registrar/config'
import { TaskHub, type TaskHubProps } from '#lib/index'
import { settle } from '../support/cdk/settle.ts'
import { aWorker, newApp, ofType, synthHub } from '../support/cdk/synth.ts'

describe('the network of a hub', () => {
  test('is two public subnets without NAT, with ways to S3 and DynamoDB that cost nothing, and lets nobody in', () => {
    const { resources } = synthHub()
    expect(ofType({ resources }, 'AWS::EC2::Subnet')).toHaveLength(2)
    expect(ofType({ resources }, 'AWS::EC2::NatGateway')).toEqual([])
    expect(ofType({ resources }, 'AWS::EC2::EIP')).toEqual([])
    const endpoints = ofType({ resources: settle(resources) }, 'AWS::EC2::VPCEndpoint').map(
      ({ Properties }) => Properties,
    )
    expect(endpoints.map(({ VpcEndpointType, ServiceName }) => `${VpcEndpointType} ${ServiceName}`)).toEqual([
      'Gateway com.amazonaws.eu-central-1.s3',
      'Gateway com.amazonaws.eu-central-1.dynamodb',
    ])
    const [group] = ofType({ resources }, 'AWS::EC2::SecurityGroup')
    expect(group?.Properties.SecurityGroupIngress).toBeUndefined()
    expect(ofType({ resources }, 'AWS::EC2::SecurityGroupIngress')).toEqual([])
  })

  test('brings no function that edits the account', () => {
    const functions = ofType(synthHub(), 'AWS::Lambda::Function').map(({ Properties }) => Properties.FunctionName)
    expect(functions).toEqual(
      ['api', 'reactor', 'clock', 'intake', 'registrar', 'live'].map((name) => `taskurai-main-${name}`),
    )
  })

  /** A hub in a VPC that was there before, of which the template says nothing. */
  const inVpc = (type: SubnetType, subnets?: SubnetSelection) =>
    synthHub(
      (stack) => ({ vpc: Vpc.fromVpcAttributes(stack, 'Known', attributesOf(type)), subnets }),
      (hub) => void hub.addWorker('mill', aWorker),
    )

  test('is the private part of the one that is given, and instances then have no address of their own', () => {
    const made = inVpc(SubnetType.PRIVATE_WITH_EGRESS)
    expect(ofType(made, 'AWS::EC2::VPC')).toEqual([])
    expect(launchIn(made)).toMatchObject({ subnets: ['subnet-b1', 'subnet-b2'], assignPublicIp: false })
  })

  test('is the public part of one that has no other, with addresses', () => {
    expect(launchIn(inVpc(SubnetType.PUBLIC))).toMatchObject({
      subnets: ['subnet-a1', 'subnet-a2'],
      assignPublicIp: true,
    })
  })

  test('is what is chosen', () => {
    const made = inVpc(SubnetType.PRIVATE_WITH_EGRESS, { subnetType: SubnetType.PUBLIC })
    expect(launchIn(made)).toMatchObject({ subnets: ['subnet-a1', 'subnet-a2'], assignPublicIp: true })
  })
})

function launchIn({ resources }: ReturnType<typeof synthHub>) {
  const [registration] = ofType({ resources: settle(resources) }, 'Custom::TaskuraiWorker')
  return RegistrarProps.parse(JSON.parse(registration?.Properties.Registration)).launch
}

function attributesOf(type: SubnetType) {
  const zones = { vpcId: 'vpc-1', availabilityZones: ['eu-central-1a', 'eu-central-1b'] }
  const open = { publicSubnetIds: ['subnet-a1', 'subnet-a2'], publicSubnetRouteTableIds: ['rtb-1', 'rtb-2'] }
  const closed = { privateSubnetIds: ['subnet-b1', 'subnet-b2'], privateSubnetRouteTableIds: ['rtb-3', 'rtb-4'] }
  return type === SubnetType.PUBLIC ? { ...zones, ...open } : { ...zones, ...open, ...closed }
}

describe('the cluster of a hub', () => {
  test('takes Spot, sends no metrics of its own unless asked, and is made after the roles', () => {
    const { resources } = synthHub()
    const [cluster] = ofType({ resources }, 'AWS::ECS::Cluster')
    expect(cluster?.Properties).toMatchObject({
      ClusterName: 'taskurai-main',
      ClusterSettings: [{ Name: 'containerInsights', Value: 'disabled' }],
    })
    expect(cluster?.Properties.CapacityProviders).toBeUndefined()
    expect(cluster?.DependsOn?.filter((id) => resources[id]?.Type === 'AWS::IAM::Role')).toHaveLength(6)
    const [capacity] = ofType({ resources }, 'AWS::ECS::ClusterCapacityProviderAssociations')
    expect(capacity?.Properties.CapacityProviders).toEqual(['FARGATE', 'FARGATE_SPOT'])
    const seen = synthHub({ containerInsights: true })
    expect(ofType(seen, 'AWS::ECS::Cluster')[0]?.Properties.ClusterSettings[0].Value).toBe('enabled')
  })
})

describe('a hub that cannot be', () => {
  test.each<[string, TaskHubProps, string | RegExp]>([
    ['a name with a capital', { hubName: 'Main' }, /TaskHub: Main cannot be a hub's name: lower-case letters/],
    ['a long name', { hubName: 'a'.repeat(25) }, /24 at most/],
    ['no shards', { dueShards: 0 }, 'TaskHub main: dueShards is a whole number from 1 to 256, not 0'],
    ['a part of a shard', { directoryShards: 1.5 }, /directoryShards is a whole number/],
    ['too many readers', { reactorParallelization: 11 }, /reactorParallelization is a whole number from 1 to 10/],
    ['no requests', { throttle: { requestsPerSecond: 0 } }, /throttle\.requestsPerSecond/],
    [
      'events of a status that is none',
      { events: { statuses: ['done' as never] } },
      /events\.statuses: there is no done, only queued/,
    ],
    ['events of nothing', { events: { statuses: [] } }, /name at least one/],
    ['a mailbox that is none', { alarmEmails: ['ops'] }, /ops is no address of a mailbox/],
    ["everybody's web pages", { corsOrigins: ['*'] }, /corsOrigins: write \* as scheme and host/],
    ['no security group', { securityGroups: [] }, /0 security groups were given; instances take 1 to 5/],
    [
      'functions that were not built',
      { codeFolder: '/nowhere' },
      /the function api is not built: there is no index\.mjs in .*fresh-functions/s,
    ],
  ])('%s', (_, props, message) => {
    expect(() => synthHub(props)).toThrow(message)
  })

  test('tells all that is wrong at once', () => {
    expect(() => synthHub({ dueShards: 0, alarmEmails: ['ops'] })).toThrow(/dueShards.*; ops is no address/)
  })

  test('imported by a name that is none', () => {
    expect(() => TaskHub.fromHubName(new Stack(newApp(), 'Shop'), 'Hub', 'No Name')).toThrow(
      /No Name cannot be a hub's name/,
    )
  })
})

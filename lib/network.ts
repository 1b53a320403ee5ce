import { Validations } from 'aws-cdk-lib'
import {
  GatewayVpcEndpointAwsService,
  type ISecurityGroup,
  type IVpc,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import type { Construct, IDependable } from 'constructs'
import type { HubNetwork } from './hub-facts.ts'

/** Constructs and their interfaces both: with `exactOptionalPropertyTypes`, CDK's own classes are not what they implement. */
export interface NetworkOptions {
  /**
   * Where the instances of workers run. Its subnets need a way to SQS, DynamoDB, S3, CloudWatch Logs and the registry of
   * the images: a NAT, endpoints, or public addresses.
   * @default a VPC of two public subnets without NAT, whose instances take no connections from outside
   */
  readonly vpc?: IVpc | Vpc | undefined
  /** @default the VPC's private subnets with a way out, or its public ones where it has no such */
  readonly subnets?: SubnetSelection | undefined
  /** @default a group of its own that lets nothing in and everything out */
  readonly securityGroups?: readonly (ISecurityGroup | SecurityGroup)[] | undefined
}

export interface Network {
  readonly facts: HubNetwork
  readonly ready: readonly IDependable[]
}

const zones = 2
const subnetsMost = 16
const securityGroupsMost = 5

export function createNetwork(scope: Construct, options: NetworkOptions): Network {
  const vpc = (options.vpc ?? createVpc(scope)) as IVpc
  const { subnetIds, hasPublic } = vpc.selectSubnets(options.subnets ?? defaultSubnets(vpc))
  if (subnetIds.length < 1 || subnetIds.length > subnetsMost) {
    throw new Error(`TaskHub: ${subnetIds.length} subnets were selected for instances; select 1 to ${subnetsMost}`)
  }
  const groups = options.securityGroups ?? [createGroup(scope, vpc)]
  if (groups.length < 1 || groups.length > securityGroupsMost) {
    throw new Error(`TaskHub: ${groups.length} security groups were given; instances take 1 to ${securityGroupsMost}`)
  }
  return {
    facts: {
      subnetIds,
      securityGroupIds: groups.map(({ securityGroupId }) => securityGroupId),
      // Without an address of its own an instance in a public subnet reaches nothing, not even its image.
      assignPublicIp: String(hasPublic),
    },
    ready: [vpc, ...groups],
  }
}

/** No NAT (33 $ a month) and no interface endpoints (58 $ and more): an address costs 0.005 $ an hour while it is used. */
function createVpc(scope: Construct): Vpc {
  const vpc = new Vpc(scope, 'Vpc', {
    maxAzs: zones,
    natGateways: 0,
    subnetConfiguration: [{ name: 'workers', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false }],
    gatewayEndpoints: {
      S3: { service: GatewayVpcEndpointAwsService.S3 },
      DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
    },
    // It would bring a function that edits the default group, which nothing here uses.
    restrictDefaultSecurityGroup: false,
  })
  Validations.of(vpc).acknowledge({
    id: 'AwsSolutions-VPC7',
    reason:
      'Flow logs cost 0.50 $ per GB and are the choice of whoever runs the account: give a VPC of your own that has ' +
      'them. Nothing in this one takes connections.',
  })
  return vpc
}

function defaultSubnets(vpc: IVpc): SubnetSelection {
  return { subnetType: vpc.privateSubnets.length > 0 ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PUBLIC }
}

function createGroup(scope: Construct, vpc: IVpc): SecurityGroup {
  return new SecurityGroup(scope, 'Instances', {
    vpc,
    description: 'Instances of Taskurai workers: nothing comes in',
    allowAllOutbound: true,
  })
}

import { Stack, type StackProps } from 'aws-cdk-lib'
import { GatewayVpcEndpointAwsService, IpAddresses, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import type { Construct } from 'constructs'
import { TaskHub } from 'taskurai/cdk'

/**
 * Workers beside a database: the instances run in the private subnets of a VPC of yours. They need a way out, since SQS,
 * CloudWatch Logs and the registry of the images are reached by it; S3 and DynamoDB have gateways that cost nothing.
 */
export class OwnVpc extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.20.0.0/16'),
      maxAzs: 2,
      natGateways: 1,
      subnetConfiguration: [
        { name: 'out', subnetType: SubnetType.PUBLIC },
        { name: 'workers', subnetType: SubnetType.PRIVATE_WITH_EGRESS },
        { name: 'database', subnetType: SubnetType.PRIVATE_ISOLATED },
      ],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
    })
    // #region hub
    const hub = new TaskHub(this, 'Tasks', { hubName: 'inside', vpc, subnets: { subnetGroupName: 'workers' } })
    hub.addWorker({ module: 'worker.ts', image: { directory: '.', exclude: ['node_modules', 'cdk.out'] } })
    // #endregion
  }
}

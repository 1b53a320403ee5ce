import { Validations } from 'aws-cdk-lib'
import { CfnCluster, CfnClusterCapacityProviderAssociations } from 'aws-cdk-lib/aws-ecs'
import type { Construct, IDependable } from 'constructs'
import { namesOf } from './names.ts'

/** Where instances run. It costs nothing by itself. */
export function createCluster(
  scope: Construct,
  options: { readonly hubName: string; readonly containerInsights: boolean; readonly after: readonly IDependable[] },
): readonly IDependable[] {
  const cluster = new CfnCluster(scope, 'Cluster', {
    clusterName: namesOf(options.hubName).cluster,
    clusterSettings: [{ name: 'containerInsights', value: options.containerInsights ? 'enabled' : 'disabled' }],
  })
  // In a fresh account the service-linked role of ECS comes with the first cluster, and takes some seconds: whatever can
  // be made before is, and Spot is attached apart.
  cluster.node.addDependency(...options.after)
  const capacity = new CfnClusterCapacityProviderAssociations(scope, 'Capacity', {
    cluster: cluster.ref,
    capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    defaultCapacityProviderStrategy: [],
  })
  if (!options.containerInsights) {
    Validations.of(cluster).acknowledge({
      id: 'AwsSolutions-ECS4',
      reason:
        'Container Insights sends metrics of its own for each instance, which would be the largest part of what an idle ' +
        'hub costs (0.30 $ a metric and month); turn it on with `containerInsights: true`.',
    })
  }
  return [cluster, capacity]
}

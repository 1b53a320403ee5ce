import { Duration, RemovalPolicy, Size, Tags, Validations } from 'aws-cdk-lib'
import {
  AwsLogDriverMode,
  type ContainerDefinition,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs'
import type { Role } from 'aws-cdk-lib/aws-iam'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { type EnvText, workerLogGroupOf } from '#core/contract/hub-env'
import type { WorkerEnv } from '#core/contract/worker-env'
import { type HubFacts, hubEnvironment } from './hub-facts.ts'
import { namesOf } from './names.ts'
import { workerDefaults } from './worker-checks.ts'
import { architectures, checkImageName, imageOf } from './worker-image.ts'
import type { WorkerProps } from './worker-props.ts'

/** The worker's container in its task definition; the launcher overrides its environment by this name. */
export const containerName = 'worker'

/** All that Fargate leaves between SIGTERM and the end; Spot gives as much notice. */
const stopTimeout = Duration.seconds(120)
const logBuffer = Size.mebibytes(25)

export interface WorkerTaskOptions {
  readonly facts: HubFacts
  readonly worker: string
  readonly props: WorkerProps
  readonly taskRole: Role
  readonly executionRole: Role
}

/** One revision of a worker: what its generation is named after. */
export function createTaskDefinition(scope: Construct, options: WorkerTaskOptions): FargateTaskDefinition {
  const { facts, worker, props, taskRole, executionRole } = options
  const architecture = props.cpuArchitecture ?? workerDefaults.cpuArchitecture
  const definition = new FargateTaskDefinition(scope, 'TaskDefinition', {
    family: namesOf(facts.hubName).family(worker),
    cpu: props.cpu ?? workerDefaults.cpu,
    memoryLimitMiB: props.memoryMiB ?? workerDefaults.memoryMiB,
    ...(props.diskGiB === undefined ? {} : { ephemeralStorageGiB: props.diskGiB }),
    runtimePlatform: {
      cpuArchitecture: architectures[architecture].cpu,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
    taskRole,
    executionRole,
  })
  // A replaced revision could not be run any more, and until the new one is checked it is the one that runs. The
  // registrar takes old ones away.
  definition.applyRemovalPolicy(RemovalPolicy.RETAIN)
  Validations.of(definition).acknowledge({
    id: 'AwsSolutions-ECS2',
    reason:
      'The names of the table, the bucket and the queues are no secrets; those come by `secrets` (0.40 $ a month each).',
  })
  Tags.of(definition).add('taskurai:hub', facts.hubName)
  Tags.of(definition).add('taskurai:worker', worker)
  checkImageName(scope, worker, addContainer(scope, definition, options, architecture).imageName)
  return definition
}

function addContainer(
  scope: Construct,
  definition: FargateTaskDefinition,
  { facts, worker, props }: WorkerTaskOptions,
  architecture: keyof typeof architectures,
): ContainerDefinition {
  return definition.addContainer(containerName, {
    image: imageOf(props.image, architecture),
    environment: { ...props.environment, ...hubEnvironment(scope, facts), ...overrulings(props) },
    ...(props.secrets === undefined ? {} : { secrets: { ...props.secrets } }),
    stopTimeout,
    // So that the program gets signals, and what its children leave behind is reaped.
    linuxParameters: new LinuxParameters(scope, 'Linux', { initProcessEnabled: true }),
    logging: LogDriver.awsLogs({
      logGroup: new LogGroup(scope, 'Log', {
        logGroupName: workerLogGroupOf(facts.hubName, worker),
        retention: props.logRetention ?? facts.logRetention,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      streamPrefix: 'instance',
      // A log that is away must not hold up the work.
      mode: AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: logBuffer,
    }),
  })
}

/** What the stack says otherwise than the module: an instance takes it from here. */
function overrulings({ concurrency, recycle }: WorkerProps): Partial<EnvText<WorkerEnv>> {
  return {
    ...(concurrency === undefined ? {} : { TASKURAI_CONCURRENCY: String(concurrency) }),
    ...(recycle === undefined ? {} : { TASKURAI_RECYCLE: JSON.stringify(recycle) }),
  }
}

import { type Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { type Allowance, allow } from './allow.ts'
import { functionCode } from './function-code.ts'
import { type FunctionName, namesOf } from './names.ts'

export interface HubFunctionProps {
  readonly hubName: string
  readonly description: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeout: Duration
  readonly memorySize?: number
  readonly logRetention: RetentionDays
  readonly codeFolder: string | undefined
}

const memorySizeDefault = 512

/** One function of a hub, with its own log group and a role that may do what its file says and no more. */
export class HubFunction extends Construct {
  readonly handler: LambdaFunction
  readonly role: Role

  constructor(scope: Construct, name: FunctionName, props: HubFunctionProps) {
    super(scope, capitalized(name))
    const names = namesOf(props.hubName)
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: names.logGroup(name),
      retention: props.logRetention,
      // Its name is taken for as long as it stands, so a hub that is made anew could not have it.
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.role = new Role(this, 'Role', {
      path: names.hubRolePath,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Taskurai hub ${props.hubName}: ${name}`,
    })
    this.allow({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], on: [logGroup.logGroupArn] })
    this.handler = new LambdaFunction(this, 'Function', {
      functionName: names.function(name),
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize ?? memorySizeDefault,
      timeout: props.timeout,
      code: functionCode(name, props.codeFolder),
      handler: 'index.handler',
      environment: { ...props.environment },
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // Start, end and report of each call are a third of what a task costs in logs.
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: Tracing.DISABLED,
    })
  }

  /** Lets the function do these, and only on what they name. */
  allow(...allowances: readonly Allowance[]): void {
    for (const each of allowances) allow(this.role, each)
  }
}

function capitalized(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

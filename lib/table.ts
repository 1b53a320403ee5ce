import { RemovalPolicy } from 'aws-cdk-lib'
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'

export interface TableOptions {
  /** Restore to any second of the last 35 days, at 0.20 $ per GB and month. @default true */
  readonly pointInTimeRecovery?: boolean | undefined
  /** Nobody can delete the table before this is turned off. @default true */
  readonly deletionProtection?: boolean | undefined
}

/** The index that the clock reads: only what is due some time has the two attributes. */
export const dueIndex = 'due'

/** The truth of the hub. Paid by the request: nothing while nothing happens. */
export function createTable(
  scope: Construct,
  options: TableOptions & { readonly removalPolicy?: RemovalPolicy | undefined },
) {
  const { pointInTimeRecovery = true, deletionProtection = true, removalPolicy = RemovalPolicy.RETAIN } = options
  const table = new Table(scope, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.DEFAULT,
    // The reactor learns from the old image which files a removed task had.
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
    timeToLiveAttribute: 'expiresAt',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
    deletionProtection,
    removalPolicy,
  })
  table.addGlobalSecondaryIndex({
    indexName: dueIndex,
    partitionKey: { name: 'dueShard', type: AttributeType.STRING },
    sortKey: { name: 'due', type: AttributeType.NUMBER },
    projectionType: ProjectionType.KEYS_ONLY,
  })
  return table
}

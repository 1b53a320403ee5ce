import { Stack, type StackProps } from 'aws-cdk-lib'
import { EventField } from 'aws-cdk-lib/aws-events'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { TaskHub } from 'taskurai/cdk'

/** A shop as it may stand already, a bucket and a function, and a hub beside them. */
export class Shop extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    // #region hub
    const archive = new Bucket(this, 'Archive', { enforceSSL: true })
    const hub = new TaskHub(this, 'Tasks', { hubName: 'shop', alarmEmails: ['ops@shop.example'] })

    const invoices = hub.addWorker({
      module: 'worker.ts',
      image: { directory: '.', exclude: ['node_modules', 'cdk.out'] },
      scaling: { max: 10 },
      spot: 'preferred',
    })
    // Whatever the worker's own code needs is granted to it, like to any function.
    archive.grantPut(invoices)

    const checkout = new lambda.Function(this, 'Checkout', {
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      // Yours submits with `taskurai/client`: createClient().submit('invoice.print', { orderId }).
      code: lambda.Code.fromInline('exports.handler = async () => process.env.TASKURAI_ENDPOINT'),
      environment: { TASKURAI_ENDPOINT: hub.endpoint },
    })
    hub.grantSubmit(checkout, { commands: ['invoice.print'] })

    // What another service tells on the account's event bus becomes a task without a line of code.
    hub.onEvent(
      { source: ['shop.payments'], detailType: ['PaymentSettled'] },
      { command: 'invoice.print', arguments: { orderId: EventField.fromPath('$.detail.orderId') } },
    )
    // #endregion
  }
}

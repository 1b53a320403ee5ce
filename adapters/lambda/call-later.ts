import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { isAway, unavailable } from '../aws/away.ts'

/** Hands an event to a function without waiting for what becomes of it: Lambda keeps it, and tries again what fails. */
export function createCallLater(client: LambdaClient, functionName: string): (event: unknown) => Promise<void> {
  return async (event) => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      InvocationType: 'Event',
      Payload: new TextEncoder().encode(JSON.stringify(event)),
    })
    try {
      await client.send(command)
    } catch (error) {
      throw isAway(error) ? unavailable(error, `the function ${functionName}`) : error
    }
  }
}

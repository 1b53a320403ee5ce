import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createCallLater } from '#adapters/lambda/call-later'
import { createLambdaClient } from '#adapters/lambda/client'
import { ApiError } from '#core/contract/errors'
import { close, portOf } from '../../support/platform/api-gateway.ts'
import { startLambdaService } from '../../support/platform/lambda-service.ts'
import { until } from '../../support/until.ts'

function callerAt(endpoint: string, functionName = 'taskurai-main-live') {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
  const client = createLambdaClient({ endpoint, region: 'eu-west-1', credentials })
  return { callLater: createCallLater(client, functionName), [Symbol.dispose]: () => client.destroy() }
}

describe('a function that is called later', () => {
  it('gets the event as it was, without its caller waiting for it, and again after a failure', async () => {
    const got: unknown[] = []
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    await using lambda = await startLambdaService({
      invoke: async (name, event) => {
        got.push([name, event])
        await gate
        if (got.length === 1) throw new Error('the first time fails')
      },
    })
    using caller = callerAt(lambda.endpoint)
    await caller.callLater({ greet: 'c1=', text: 'Grüße' })
    open()
    await until('the second time', () => got.length === 2)
    const event = ['taskurai-main-live', { greet: 'c1=', text: 'Grüße' }]
    expect(got).toEqual([event, event])
  })

  it.each<[string, number, string, string]>([
    ['throttled', 429, 'TooManyRequestsException', 'unavailable'],
    ['away', 503, 'ServiceException', 'unavailable'],
    ['not there', 404, 'ResourceNotFoundException', 'ResourceNotFoundException'],
  ])('and is %s, says so after few tries', async (_, status, type, expected) => {
    let tries = 0
    const server = createServer((_request, response) => {
      tries++
      response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type }).end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    using caller = callerAt(`http://127.0.0.1:${portOf(server)}`)
    const error = await caller.callLater({}).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error instanceof ApiError ? error.code : (error as Error).name).toBe(expected)
    expect(tries).toBeLessThanOrEqual(2)
    await close(server)
  })
})

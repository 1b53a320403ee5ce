import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { clientSettings, triesMost } from '#adapters/aws/http'
import { watchDates } from '#adapters/aws/watch-dates'
import { openDynamoStore } from '#adapters/dynamodb/store'

/** What a client does about a server that is not well, over real sockets. */

const patienceMs = 200
/** Nothing listens there on any machine of ours. */
const closedPort = 1
const answerType = { 'content-type': 'application/x-amz-json-1.0' }

async function withServer<Result>(
  listener: RequestListener,
  run: (client: DynamoDBClient) => Promise<Result>,
): Promise<Result> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = clientAt(port)
  try {
    return await run(client)
  } finally {
    client.destroy()
    server.closeAllConnections()
    server.close()
  }
}

function clientAt(port: number): DynamoDBClient {
  return new DynamoDBClient({
    ...clientSettings({ requestMs: patienceMs, silentMs: patienceMs }),
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'loopback', secretAccessKey: 'loopback' },
  })
}

function storeOn(client: DynamoDBClient) {
  const sendBells = async () => undefined
  return openDynamoStore({ client, table: 't', sendBells, dueShards: 1, monotonicMs: () => 0 })
}

const key = { pk: 'W#mill', sk: 'FLEET' }

describe.concurrent('a client whose server', () => {
  it('never answers is given up after a few tries', async () => {
    let tries = 0
    const silent: RequestListener = () => void tries++
    await withServer(silent, async (client) => {
      await expect(storeOn(client).get(key)).rejects.toMatchObject({ code: 'unavailable' })
    })
    expect(tries).toBe(triesMost)
  })

  it('begins an answer and never ends it is given up too', async () => {
    const halting: RequestListener = (_request, response) => {
      response.writeHead(200, { ...answerType, 'content-length': '100' })
      response.write('{"Item":')
    }
    await withServer(halting, async (client) => {
      await expect(storeOn(client).get(key)).rejects.toMatchObject({ code: 'unavailable' })
    })
  })

  it('cuts the connection once is asked again', async () => {
    let tries = 0
    const cutting: RequestListener = (_request, response) => {
      if (tries++ === 0) response.destroy()
      else response.writeHead(200, answerType).end('{}')
    }
    await withServer(cutting, async (client) => {
      expect(await storeOn(client).get(key)).toBeUndefined()
    })
    // A busy machine may run into a time limit as well.
    expect(tries).toBeGreaterThanOrEqual(2)
  })

  it('is not there at all is told as unavailable', async () => {
    const client = clientAt(closedPort)
    await expect(storeOn(client).get(key)).rejects.toMatchObject({ code: 'unavailable' })
    client.destroy()
  })
})

describe('the time of AWS', () => {
  it('is told with each answer, with those that refuse too', async () => {
    const date = Math.floor(Date.now() / 1_000) * 1_000 - 60_000
    const statuses = [200, 400]
    const dated: RequestListener = (_request, response) => {
      const status = statuses.shift() ?? 200
      const body = status === 200 ? '{}' : '{"__type":"x#ValidationException","message":"no"}'
      response.writeHead(status, { ...answerType, date: new Date(date).toUTCString() }).end(body)
    }
    const told: number[] = []
    await withServer(dated, async (client) => {
      watchDates(client.config.requestHandler, (at) => told.push(at))
      const ask = () => client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' }, sk: { S: 'b' } } }))
      await ask()
      await expect(ask()).rejects.toThrow('no')
    })
    expect(told).toEqual([date, date])
  })
})

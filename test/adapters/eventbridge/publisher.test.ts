import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createEventBridgeClient } from '#adapters/eventbridge/client'
import { createPublisher } from '#adapters/eventbridge/publisher'
import { type EventsOut, eventsOf, type TaskEvent } from '#core/events-out'
import { aHead } from '../../support/heads.ts'

interface Entry {
  readonly Detail: string
  readonly DetailType: string
  readonly Source: string
  readonly EventBusName: string
  readonly Time: number
}

interface Bus extends AsyncDisposable {
  readonly calls: (readonly Entry[])[]
  readonly publisher: EventsOut
}

/** An event bus that answers each call as the test says: by default it takes all. */
async function openBus(answer: (entries: readonly Entry[], call: number) => unknown = takeAll): Promise<Bus> {
  const calls: (readonly Entry[])[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { Entries } = JSON.parse(text) as { readonly Entries: readonly Entry[] }
    calls.push(Entries)
    const body = answer(Entries, calls.length)
    if (body === undefined) return void request.socket.destroy()
    const status = typeof body === 'object' && body !== null && '__type' in body ? 400 : 200
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const client = createEventBridgeClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
  return {
    calls,
    publisher: createPublisher({ client, bus: 'orders', hub: 'acme' }),
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function takeAll(entries: readonly Entry[]): unknown {
  return { FailedEntryCount: 0, Entries: entries.map((_, index) => ({ EventId: `e${index}` })) }
}

function events(count: number, tags?: Readonly<Record<string, string>>): readonly TaskEvent[] {
  const heads = Array.from({ length: count }, (_, n) => aHead({ n: n + 2, status: 'succeeded', tags }))
  return heads.flatMap((head) => eventsOf(undefined, head, new Set(['succeeded'])))
}

describe('the publisher', () => {
  it('tells the bus what happened, so that rules can tell hubs and ends apart', async () => {
    await using bus = await openBus()
    const [event] = events(1)
    expect(await bus.publisher.publish(event === undefined ? [] : [event])).toEqual([])
    const [[entry] = []] = bus.calls
    expect(entry).toMatchObject({ EventBusName: 'orders', Source: 'taskurai.acme', DetailType: 'Task succeeded' })
    expect(JSON.parse(entry?.Detail ?? '')).toEqual({ hub: 'acme', ...JSON.parse(JSON.stringify(event)) })
    expect(entry?.Time).toBe(Date.parse(event?.at ?? '') / 1_000)
  })

  it('goes out in calls of ten', async () => {
    await using bus = await openBus()
    await bus.publisher.publish(events(23))
    expect(bus.calls.map((entries) => entries.length)).toEqual([10, 10, 3])
  })

  it('and of no more than EventBridge takes in bytes', async () => {
    await using bus = await openBus()
    const tags = { note: 'ä'.repeat(25_000) }
    await bus.publisher.publish(events(10, tags))
    expect(bus.calls.flat()).toHaveLength(10)
    for (const entries of bus.calls) {
      const bytes = entries.reduce((sum, { Detail }) => sum + Buffer.byteLength(Detail), 0)
      expect(bytes).toBeLessThan(256 * 1_024)
    }
  })

  it('says which of a call were refused, though the call went well', async () => {
    await using bus = await openBus((entries) => ({
      FailedEntryCount: 1,
      Entries: entries.map((_, index) =>
        index === 1 ? { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' } : { EventId: 'e' },
      ),
    }))
    const asked = events(3)
    expect(await bus.publisher.publish(asked)).toEqual([{ event: asked[1], reason: 'ThrottlingException: slow down' }])
  })

  it.each<[string, () => unknown, string]>([
    ['breaks the connection', () => undefined, ''],
    ['refuses the call', () => ({ __type: 'AccessDeniedException', message: 'not this bus' }), 'not this bus'],
  ])('has not told that call nor those behind it when the bus %s, and asks no more', async (_, fault, reason) => {
    await using bus = await openBus((entries, call) => (call === 2 ? fault() : takeAll(entries)))
    const asked = events(32)
    const failed = await bus.publisher.publish(asked)
    expect(failed.map(({ event }) => event)).toEqual(asked.slice(10))
    expect(failed[0]?.reason).toContain(reason)
    expect(bus.calls).toHaveLength(2)
  })

  it('takes what the bus says nothing of for not told', async () => {
    await using bus = await openBus((entries, call) => (call === 1 ? { Entries: [] } : takeAll(entries)))
    const asked = events(12)
    const failed = await bus.publisher.publish(asked)
    expect(failed.map(({ event }) => event)).toEqual(asked.slice(0, 10))
  })

  it('asks nothing when there is nothing to tell', async () => {
    await using bus = await openBus()
    expect(await bus.publisher.publish([])).toEqual([])
    expect(bus.calls).toEqual([])
  })
})

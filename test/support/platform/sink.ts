import { createServer } from 'node:http'
import { close, portOf } from './api-gateway.ts'

/** Plays what the hub only tells and never asks: an event bus, and the address to which a custom resource answers. */

export interface Sink extends AsyncDisposable {
  readonly endpoint: string
  readonly events: Readonly<Record<string, unknown>>[]
  /** An address for one custom resource request, and its answer. */
  readonly awaitAnswer: () => { readonly url: string; readonly answer: Promise<Readonly<Record<string, unknown>>> }
}

export async function startSink(): Promise<Sink> {
  const events: Readonly<Record<string, unknown>>[] = []
  const waiting = new Map<string, (answer: Readonly<Record<string, unknown>>) => void>()
  let answers = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}')
      if (request.method === 'PUT') waiting.get(request.url ?? '')?.(body)
      const entries: readonly Readonly<Record<string, unknown>>[] = body.Entries ?? []
      events.push(...entries)
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      const told = entries.map((_, index) => ({ EventId: `event-${events.length}-${index}` }))
      response.end(JSON.stringify({ FailedEntryCount: 0, Entries: told }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${portOf(server)}`
  return {
    endpoint,
    events,
    awaitAnswer: () => {
      const path = `/answer/${++answers}`
      const answer = new Promise<Readonly<Record<string, unknown>>>((resolve) => waiting.set(path, resolve))
      return { url: `${endpoint}${path}`, answer }
    },
    [Symbol.asyncDispose]: () => close(server),
  }
}

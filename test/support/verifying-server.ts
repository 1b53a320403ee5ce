import { createServer } from 'node:http'
import { type VerifyOutcome, verifyRequest } from '#adapters/sigv4/verify'

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly outcome: VerifyOutcome
}

export interface VerifyingServer extends AsyncDisposable {
  readonly origin: string
  readonly received: readonly Received[]
}

/** A server on a free port of this machine that verifies what it gets and remembers it. */
export async function startVerifyingServer(secrets: Readonly<Record<string, string>>): Promise<VerifyingServer> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '' } = request
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const body = Buffer.concat(chunks)
      const lookUp = (id: string): string | undefined => secrets[id]
      const outcome = verifyRequest({ method, url, headers, body, now: Date.now(), lookUp, service: 'execute-api' })
      received.push({ method, url, headers, body, outcome })
      response.statusCode = outcome.ok ? 200 : 403
      response.end(JSON.stringify(outcome))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

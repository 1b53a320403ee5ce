import { createServer, type ServerResponse } from 'node:http'
import { verifyRequest } from '#adapters/sigv4/verify'

/** A hub that answers what the test wrote down, checks signatures as the real one, and remembers all it got. */

export interface Seen {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly isSigned: boolean
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Instead of an answer. */
  readonly fault?: 'hang' | 'cut'
}

export type Script = (seen: Seen, count: number) => Answer | Promise<Answer>

export interface ScriptedHub extends AsyncDisposable {
  readonly endpoint: string
  readonly seen: readonly Seen[]
  readonly sockets: () => number
}

export const hubKey = { accessKeyId: 'TKTEST', secretAccessKey: 'a-secret-of-this-test' }

export async function startScriptedHub(script: Script, now: () => number = () => Date.now()): Promise<ScriptedHub> {
  const seen: Seen[] = []
  let sockets = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '' } = request
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const body = Buffer.concat(chunks)
      const lookUp = (id: string) => (id === hubKey.accessKeyId ? hubKey.secretAccessKey : undefined)
      const { ok } = verifyRequest({ method, url, headers, body, now: now(), lookUp, service: 'execute-api' })
      const one = {
        method,
        path: url,
        headers,
        isSigned: ok,
        body: body.length === 0 ? undefined : JSON.parse(`${body}`),
      }
      seen.push(one)
      void answer(response, script(one, seen.length))
    })
  })
  server.on('connection', () => sockets++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    seen,
    sockets: () => sockets,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(response: ServerResponse, answered: Answer | Promise<Answer>): Promise<void> {
  const { status = 200, headers = {}, body, fault } = await answered
  if (fault === 'hang') return
  if (fault === 'cut') return void response.destroy()
  response.writeHead(status, headers).end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
}

export function problem(status: number, code: string, detail: string, more: object = {}): Answer {
  const type = { 'content-type': 'application/problem+json' }
  return { status, headers: type, body: { type: 'about:blank', title: 'A title', status, code, detail, ...more } }
}

/** A task as the hub shows it. */
export function taskOf(fields: object = {}): Record<string, unknown> {
  return {
    id: '01K9Z0000000000000000000AB',
    command: 'order.confirm',
    version: 2,
    worker: 'orders',
    correlationId: 'c',
    createdAt: '2026-11-30T08:00:00.123Z',
    createdBy: 'shop',
    modifiedAt: '2026-11-30T08:00:00.123Z',
    modifiedBy: 'shop',
    status: 'queued',
    statusCode: 102,
    runCount: 0,
    history: [],
    retry: { maxRuns: 3, minSeconds: 1, maxSeconds: 300, factor: 2, jitter: 'full' },
    leaseSeconds: 60,
    retentionSeconds: 2_592_000,
    ...fields,
  }
}

import { createServer, type IncomingMessage, type Server, type ServerResponse, request as send } from 'node:http'
import { close, portOf } from './api-gateway.ts'

/**
 * Stands between every part of the hub and the engines, and notes each call: which role made it (by the key it signed
 * with), which action, what it asked and what was answered. What is counted and what is allowed is told from these notes,
 * whatever process a call came from.
 */

export type Service = 'dynamodb' | 'sqs' | 's3' | 'ecs' | 'events' | 'logs' | 'lambda' | 'connections'

export interface AwsCall {
  readonly service: Service
  /** `PutItem`; for S3, and for connections of watchers, the method. */
  readonly action: string
  /** The access key id, which the harness makes of the role's name. */
  readonly role: string
  /** The method and path of S3, else the body that was sent. */
  readonly path: string
  readonly input: Readonly<Record<string, unknown>>
  readonly status: number
  readonly output: Readonly<Record<string, unknown>>
  readonly requestBytes: number
}

export interface Target {
  readonly service: Service
  readonly endpoint: string
  /** Changes what is sent on: to ask for more than the hub wants to know. */
  readonly rewrite?: (action: string, input: Record<string, unknown>) => Record<string, unknown>
}

/** What becomes of a call on its way: it is refused before anything happened, or its answer is lost behind the effect. */
export type Mishap = 'before' | 'after'

export interface AwsProxy extends AsyncDisposable {
  readonly endpoints: Readonly<Record<string, string>>
  readonly calls: AwsCall[]
  readonly onCall: (listener: (call: AwsCall) => void) => void
  /** Asked for each call that is about to be made; absent: all is well. */
  mishap: ((call: Pick<AwsCall, 'service' | 'action' | 'role'>) => Mishap | undefined) | undefined
}

export async function startAwsProxy(targets: readonly Target[]): Promise<AwsProxy> {
  const calls: AwsCall[] = []
  const listeners: ((call: AwsCall) => void)[] = []
  const servers: Server[] = []
  const endpoints: Record<string, string> = {}
  const proxy: AwsProxy = {
    endpoints,
    calls,
    mishap: undefined,
    onCall: (listener) => void listeners.push(listener),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(close))
    },
  }
  for (const target of targets) {
    const server = createServer((request, response) => {
      forward(target, request, response, proxy)
        .then((call) => {
          calls.push(call)
          for (const listener of listeners) listener(call)
        })
        .catch((error: unknown) => {
          // An engine that is gone looks like AWS that cannot be reached.
          if (!response.headersSent) response.writeHead(503)
          response.end(String(error))
        })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    endpoints[target.service] = `http://127.0.0.1:${portOf(server)}`
  }
  return proxy
}

async function forward(
  target: Target,
  request: IncomingMessage,
  response: ServerResponse,
  proxy: AwsProxy,
): Promise<AwsCall> {
  const { method = 'GET', url = '/', headers } = request
  const action = actionIn(target.service, method, headers['x-amz-target'])
  if (target.service === 's3') return forwardBytes(target, request, response)
  const body = await bytesOf(request)
  const asked = jsonOf(body)
  const mishap = proxy.mishap?.({ service: target.service, action, role: roleOf(request) })
  if (mishap === 'before') throw new Error('a mishap')
  const sent = target.rewrite === undefined ? body : Buffer.from(JSON.stringify(target.rewrite(action, { ...asked })))
  const answer = await exchange(target.endpoint, { method, url, headers }, sent)
  if (mishap === 'after') response.destroy()
  else response.writeHead(answer.status, answer.headers).end(answer.body)
  const { status } = answer
  const role = roleOf(request)
  const output = jsonOf(answer.body)
  return { service: target.service, action, role, path: url, input: asked, status, output, requestBytes: body.length }
}

/** Files pass as they come. */
function forwardBytes(target: Target, request: IncomingMessage, response: ServerResponse): Promise<AwsCall> {
  const { method = 'GET', url = '/', headers } = request
  let requestBytes = 0
  return new Promise((resolve, reject) => {
    const onward = send(new URL(url, target.endpoint), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...headersAsked(url) })
      answer.pipe(response)
      const status = answer.statusCode ?? 500
      answer.once('close', () => {
        const of = { service: target.service, action: method, role: roleOf(request), path: url }
        resolve({ ...of, input: {}, output: {}, status, requestBytes })
      })
    })
    onward.once('error', reject)
    request.on('data', (chunk: Buffer) => {
      requestBytes += chunk.length
    })
    request.once('close', () => {
      if (!request.complete) onward.destroy(new Error('cut off'))
    })
    request.pipe(onward)
  })
}

/** S3 answers with the headers that the address of a download asks for; the emulator passes over them. */
function headersAsked(url: string): Record<string, string> {
  const { searchParams } = new URL(url, 'http://bucket')
  return Object.fromEntries(
    [...searchParams].flatMap(([name, value]) => (name.startsWith('response-') ? [[name.slice(9), value]] : [])),
  )
}

interface Answered {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  readonly body: Buffer
}

function exchange(
  endpoint: string,
  { method, url, headers }: { method: string; url: string; headers: IncomingMessage['headers'] },
  body: Buffer,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    // An engine may name what it makes by the host that it was asked at.
    const changed = { ...headers, host: new URL(endpoint).host, 'content-length': String(body.length) }
    const onward = send(new URL(url, endpoint), { method, headers: changed }, (answer) => {
      bytesOf(answer).then((bytes) => {
        const { 'transfer-encoding': _chunked, ...rest } = answer.headers
        const kept = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
        resolve({
          status: answer.statusCode ?? 500,
          headers: { ...(kept as Record<string, string>), 'content-length': String(bytes.length) },
          body: bytes,
        })
      }, reject)
    })
    onward.once('error', reject)
    onward.end(body)
  })
}

function actionIn(service: Service, method: string, target: string | string[] | undefined): string {
  switch (service) {
    case 's3':
    case 'connections':
      return method
    case 'lambda':
      return 'Invoke'
    default:
      return actionOf(target)
  }
}

function actionOf(target: string | string[] | undefined): string {
  return String(target ?? '').replace(/^.*\./, '')
}

/** Of a signed request, or of an address that was signed for somebody else to use. */
function roleOf({ headers, url = '' }: IncomingMessage): string {
  const inHeader = /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1]
  const key = inHeader ?? /X-Amz-Credential=([^%/&]+)/.exec(url)?.[1] ?? 'nobody'
  return key.replaceAll('X', '-')
}

function jsonOf(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {}
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return {}
  }
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

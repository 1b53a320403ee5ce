import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { verifyRequest } from '#adapters/sigv4/verify'

/**
 * Plays an HTTP API with IAM in front of a function: checks the signature as API Gateway does, knows the routes that
 * were deployed and no others, and makes events of payload format 2.0. As the real one it hands the path over decoded,
 * and what lies behind a decoded `?` is lost.
 */

export interface Caller {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly userArn: string
}

export interface GatewayOptions {
  /** `POST /v1/tasks/{id}/cancel`. */
  readonly routes: readonly string[]
  readonly openRoutes?: readonly string[]
  readonly callers: readonly Caller[]
  readonly handler: (event: never, context: never) => Promise<unknown>
}

export interface Gateway extends AsyncDisposable {
  readonly endpoint: string
}

/** A Lambda takes no more than that in one event, and answers no more. */
const payloadBytesMost = 6 * 1_024 * 1_024
const account = '111122223333'

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      process.stderr.write(`the handler threw: ${String(error)}\n`)
      send(response, 500, { message: 'Internal Server Error' })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, [Symbol.asyncDispose]: () => close(server) }
}

async function answer(options: GatewayOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bytesOf(request)
  const { method = '', url = '' } = request
  const [path = '', query = ''] = url.split('?', 2)
  const route = routeOf([...options.routes, ...(options.openRoutes ?? [])], method, path)
  if (route === undefined) return send(response, 404, { message: 'Not Found' })
  if (body.byteLength > payloadBytesMost) return send(response, 413, { message: 'Request Entity Too Large' })
  const isOpen = options.openRoutes?.includes(route.key) === true
  const caller = isOpen ? undefined : callerOf(options, request, body)
  if (!isOpen && caller === undefined) return send(response, 403, { message: 'Forbidden' })
  const event = eventOf({ request, method, path, query, body, route, caller })
  const result = await options.handler(event as never, contextOf() as never)
  sendResult(response, result as APIGatewayProxyStructuredResultV2)
}

function callerOf(options: GatewayOptions, request: IncomingMessage, body: Uint8Array): Caller | undefined {
  const { method = '', url = '' } = request
  const secret = (id: string) => options.callers.find(({ accessKeyId }) => accessKeyId === id)?.secretAccessKey
  const outcome = verifyRequest({
    ...{ method, url, body, headers: headersOf(request) },
    ...{ now: Date.now(), lookUp: secret, service: 'execute-api' },
  })
  return outcome.ok ? options.callers.find(({ accessKeyId }) => accessKeyId === outcome.accessKeyId) : undefined
}

interface Route {
  readonly key: string
  readonly parameters: Readonly<Record<string, string>>
}

/** The most specific route: those without parameters come first. */
function routeOf(routes: readonly string[], method: string, path: string): Route | undefined {
  const parts = path.split('/')
  const sorted = [...routes].sort((a, b) => a.split('{').length - b.split('{').length)
  for (const key of sorted) {
    const [ofMethod, pattern = ''] = key.split(' ', 2)
    const names = pattern.split('/')
    if (ofMethod !== method || names.length !== parts.length) continue
    const isMatch = names.every((name, index) => name.startsWith('{') || name === parts[index])
    if (!isMatch) continue
    const pairs = names.flatMap((name, index): [string, string][] =>
      name.startsWith('{') ? [[name.slice(1, -1), decodeURIComponent(parts[index] ?? '')]] : [],
    )
    return { key, parameters: Object.fromEntries(pairs) }
  }
  return undefined
}

interface Asked {
  readonly request: IncomingMessage
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: Buffer
  readonly route: Route
  readonly caller: Caller | undefined
}

function eventOf({ request, method, path, query, body, route, caller }: Asked): APIGatewayProxyEventV2 {
  const headers = headersOf(request)
  const isText = /^(?:text\/|application\/(?:[a-z+.-]*\+)?(?:json|xml))/.test(headers['content-type'] ?? '')
  const rawPath = decodeURIComponent(path).split('?', 1)[0] ?? ''
  const now = Date.now()
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath,
    rawQueryString: query,
    headers,
    queryStringParameters: Object.fromEntries(new URLSearchParams(query)),
    pathParameters: route.parameters,
    requestContext: {
      accountId: account,
      apiId: 'abcdefghij',
      ...(caller === undefined ? {} : { authorizer: { iam: iamOf(caller) } }),
      domainName: headers.host ?? '',
      domainPrefix: 'abcdefghij',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: `request-${now}`,
      routeKey: route.key,
      stage: '$default',
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    ...(body.byteLength === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.byteLength > 0 && !isText,
  } as APIGatewayProxyEventV2
}

function iamOf({ accessKeyId, userArn }: Caller) {
  return {
    accessKey: accessKeyId,
    accountId: account,
    callerId: `AROAEXAMPLE:${accessKeyId}`,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn,
    userId: `AROAEXAMPLE:${accessKeyId}`,
  }
}

/** What a handler may ask of its surroundings. */
export function contextOf(remainingMs = 30_000) {
  const endsAtMs = performance.now() + remainingMs
  return {
    awsRequestId: `local-${performance.now()}`,
    functionName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, endsAtMs - performance.now()),
  }
}

function sendResult(response: ServerResponse, result: APIGatewayProxyStructuredResultV2): void {
  const { statusCode = 200, headers = {}, body, isBase64Encoded } = result
  const bytes = body === undefined ? undefined : Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8')
  response.writeHead(
    statusCode,
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  )
  response.end(bytes)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

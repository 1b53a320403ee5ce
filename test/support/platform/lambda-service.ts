import { createServer, type IncomingMessage } from 'node:http'
import { close, portOf } from './api-gateway.ts'

/** Plays the part of Lambda that takes asynchronous calls: it answers at once, and tries again what fails, twice. */

export interface LambdaServiceOptions {
  readonly invoke: (functionName: string, event: unknown) => Promise<unknown>
}

export interface LambdaService extends AsyncDisposable {
  readonly endpoint: string
}

const triesMost = 3
/** A minute there. */
const pauseMs = 200
const accepted = 202

export async function startLambdaService({ invoke }: LambdaServiceOptions): Promise<LambdaService> {
  let isOver = false
  async function run(name: string, event: unknown): Promise<void> {
    for (let tried = 1; tried <= triesMost && !isOver; tried++) {
      try {
        await invoke(name, event)
        return
      } catch (error) {
        if (!isOver) process.stderr.write(`${name}, called later, failed: ${String(error)}\n`)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }
  const server = createServer(async (request, response) => {
    const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '')?.[1]
    const isLater = request.headers['x-amz-invocation-type'] === 'Event'
    if (request.method !== 'POST' || name === undefined || !isLater) {
      response.writeHead(400, { 'x-amzn-errortype': 'InvalidRequestContentException' }).end('{}')
      return
    }
    const event = JSON.parse(await textOf(request))
    response.writeHead(accepted).end()
    void run(decodeURIComponent(name), event)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    [Symbol.asyncDispose]: () => {
      isOver = true
      return close(server)
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

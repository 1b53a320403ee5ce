import { createServer, type IncomingMessage } from 'node:http'
import { createCloudWatchLogsClient } from '#adapters/cloudwatch-logs/client'
import { close, portOf } from '../platform/api-gateway.ts'

/**
 * Plays the search of CloudWatch Logs on loopback: groups of events, found by a JSON field and a time, in pages that may
 * be short or empty while there is more, sorted by timestamp, then by when they came.
 */

export interface FakeLogEvent {
  readonly timestamp: number
  readonly message: string
  readonly stream?: string
}

/** What becomes of the next calls, in this order. */
export type LogsFate = { readonly type: string; readonly message: string; readonly status?: number }

export interface FakeLogs extends AsyncDisposable {
  readonly endpoint: string
  readonly client: ReturnType<typeof createCloudWatchLogsClient>
  readonly calls: Readonly<Record<string, unknown>>[]
  readonly fates: LogsFate[]
  /** Makes the group if it is not there. */
  readonly put: (group: string, ...events: readonly FakeLogEvent[]) => void
  readonly makeGroup: (group: string) => void
  /** How many events of the group one page looks through, whether they are found or not. */
  scannedByPage: number
}

interface Kept extends FakeLogEvent {
  readonly n: number
}

export async function startFakeLogs(): Promise<FakeLogs> {
  const groups = new Map<string, Kept[]>()
  let events = 0
  const server = createServer(async (request, response) => {
    const answer = answerOf(fake, groups, request, JSON.parse(await textOf(request)))
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${portOf(server)}`
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const makeGroup = (group: string) => {
    const kept = groups.get(group) ?? []
    groups.set(group, kept)
    return kept
  }
  const fake: FakeLogs = {
    endpoint,
    client: createCloudWatchLogsClient({ endpoint, region: 'us-east-1', credentials }),
    calls: [],
    fates: [],
    put: (group, ...given) => {
      makeGroup(group).push(...given.map((event) => ({ ...event, n: ++events })))
    },
    makeGroup,
    scannedByPage: 10_000,
    [Symbol.asyncDispose]: async () => {
      fake.client.destroy()
      await close(server)
    },
  }
  return fake
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const refusal = (type: string, message: string, status = 400): Answer => ({ status, body: { __type: type, message } })
const namePattern = /^[.\-_/#A-Za-z0-9]{1,512}$/
const eventsMost = 10_000

function answerOf(
  fake: FakeLogs,
  groups: ReadonlyMap<string, readonly Kept[]>,
  request: IncomingMessage,
  // biome-ignore lint/suspicious/noExplicitAny: what a client sent
  input: any,
): Answer {
  if (request.headers['x-amz-target'] !== 'Logs_20140328.FilterLogEvents') {
    return refusal('UnknownOperationException', String(request.headers['x-amz-target']))
  }
  fake.calls.push(input)
  const fate = fake.fates.shift()
  if (fate !== undefined) return refusal(fate.type, fate.message, fate.status)
  const { logGroupName: name, filterPattern, startTime, endTime, limit = eventsMost, nextToken } = input
  if (!namePattern.test(name)) return refusal('InvalidParameterException', `the name ${name}`)
  if (!(limit >= 1 && limit <= eventsMost)) return refusal('InvalidParameterException', `the limit ${limit}`)
  const [, field, value] = /^\{ \$\.(\w+) = "([^"]*)" \}$/.exec(filterPattern) ?? []
  if (field === undefined) return refusal('InvalidParameterException', `the pattern ${filterPattern}`)
  const asked = JSON.stringify([name, filterPattern, startTime])
  const from = nextToken === undefined ? 0 : placeOf(nextToken, asked)
  if (from === undefined) return refusal('InvalidParameterException', 'The specified nextToken is invalid.')
  const group = groups.get(name)
  if (group === undefined) return refusal('ResourceNotFoundException', 'The specified log group does not exist.')

  const inTime = group
    .filter(({ timestamp }) => timestamp >= startTime && timestamp <= (endTime ?? Number.POSITIVE_INFINITY))
    .sort((a, b) => a.timestamp - b.timestamp || a.n - b.n)
  const found: Kept[] = []
  let place = from
  while (place < Math.min(inTime.length, from + fake.scannedByPage) && found.length < limit) {
    const event = inTime[place++]
    if (event !== undefined && fieldOf(event.message, field) === value) found.push(event)
  }
  const events = found.map(({ n, timestamp, message, stream = 'instance/worker/0' }) => ({
    ...{ logStreamName: stream, timestamp, message, ingestionTime: timestamp + 5_000 },
    eventId: String(n).padStart(56, '0'),
  }))
  const more = place < inTime.length ? { nextToken: tokenOf(place, asked) } : {}
  return { status: 200, body: { events, searchedLogStreams: [], ...more } }
}

function tokenOf(place: number, asked: string): string {
  return `Bxkq6${Buffer.from(JSON.stringify([place, asked])).toString('base64')}`
}

function placeOf(token: string, asked: string): number | undefined {
  try {
    const [place, of] = JSON.parse(Buffer.from(token.slice(5), 'base64').toString('utf8'))
    return of === asked ? place : undefined
  } catch {
    return undefined
  }
}

function fieldOf(message: string, field: string): unknown {
  try {
    return JSON.parse(message)[field]
  } catch {
    return undefined
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

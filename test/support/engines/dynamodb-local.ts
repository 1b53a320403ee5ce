import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createConnection } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  type DynamoDBClientConfig,
} from '@aws-sdk/client-dynamodb'
import { createDynamoClient } from '#adapters/dynamodb/client'
import { freePort } from '../free-port.ts'
import { fetchEmulator } from './fetch-emulator.ts'

/** DynamoDB on this machine: the engine that `AWS_ENDPOINT_URL_DYNAMODB` names, or DynamoDB Local, started here. */

const openMostMs = 60_000
const javaLeast = 17

export interface DynamoEngine extends AsyncDisposable {
  readonly endpoint: string
  readonly settings: DynamoDBClientConfig
  readonly client: DynamoDBClient
  /** A table of a test's own, with the index and the stream that a hub's table has. Gone with the engine. */
  readonly makeTable: () => Promise<{ readonly name: string; readonly streamArn: string }>
}

/** Why there can be no engine here, in words that say what to install; undefined where there can. */
export function whyNoDynamo(): string | undefined {
  if (process.env.AWS_ENDPOINT_URL_DYNAMODB !== undefined) return undefined
  const why = whyNotLocal()
  // Where nothing may be left out, a missing engine is a failure.
  if (why !== undefined && process.env.CI === 'true') throw new Error(why)
  return why
}

function whyNotLocal(): string | undefined {
  if (process.platform !== 'linux') {
    return 'DynamoDB Local is started on Linux only, where a shim keeps it to this machine: name another engine in AWS_ENDPOINT_URL_DYNAMODB'
  }
  const java = Number(/(\d+)/.exec(answerOf('java', '--version') ?? '')?.[1] ?? 0)
  if (java < javaLeast) {
    const has = java === 0 ? 'there is none' : `this is ${java}`
    return `DynamoDB Local needs Java ${javaLeast} or newer, and ${has}: install default-jre-headless`
  }
  return answerOf('cc', '--version') === undefined
    ? 'DynamoDB Local needs a C compiler for the shim that keeps it to this machine: install gcc and libc6-dev'
    : undefined
}

function answerOf(program: string, option: string): string | undefined {
  try {
    return execFileSync(program, [option], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}

let tables = 0

export async function startDynamo(): Promise<DynamoEngine> {
  const named = process.env.AWS_ENDPOINT_URL_DYNAMODB
  const started = named === undefined ? await startLocal() : undefined
  const endpoint = named ?? started?.endpoint ?? ''
  const settings: DynamoDBClientConfig = { endpoint, region: process.env.AWS_REGION ?? 'us-east-1', ...keys() }
  const client = createDynamoClient(settings)
  const made: string[] = []
  return {
    endpoint,
    settings,
    client,
    makeTable: async () => {
      const name = `taskurai-test-${process.pid}-${++tables}-${Math.floor(performance.now())}`
      const streamArn = await createTable(client, name)
      made.push(name)
      return { name, streamArn }
    },
    [Symbol.asyncDispose]: async () => {
      if (named !== undefined) for (const name of made) await client.send(new DeleteTableCommand({ TableName: name }))
      client.destroy()
      started?.stop()
    },
  }
}

/** As `lib/table.ts` makes it. */
async function createTable(client: DynamoDBClient, name: string): Promise<string> {
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'dueShard', AttributeType: 'S' },
        { AttributeName: 'due', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'due',
          KeySchema: [
            { AttributeName: 'dueShard', KeyType: 'HASH' },
            { AttributeName: 'due', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  )
  return TableDescription?.LatestStreamArn ?? ''
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

async function startLocal(): Promise<{ readonly endpoint: string; readonly stop: () => void }> {
  const { folder, shim } = await fetchEmulator()
  const port = await freePort()
  const child = spawn(
    'java',
    [
      ...['-XX:TieredStopAtLevel=1', '-Xmx384m', '-Djava.net.preferIPv4Stack=true'],
      ...[`-Djava.library.path=${folder}/DynamoDBLocal_lib`, '-jar', `${folder}/DynamoDBLocal.jar`],
      ...['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
    ],
    { cwd: folder, stdio: 'ignore', env: { ...process.env, LD_PRELOAD: shim } },
  )
  running.add(child)
  child.once('exit', () => running.delete(child))
  const endsAtMs = performance.now() + openMostMs
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`DynamoDB Local ended with code ${child.exitCode}`)
    if (performance.now() > endsAtMs) throw new Error(`DynamoDB Local is not open after ${openMostMs / 1_000} s`)
    await pause(50)
  }
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** The emulator asks for no keys, but the client does. */
function keys(): DynamoDBClientConfig {
  return process.env.AWS_ACCESS_KEY_ID === undefined
    ? { credentials: { accessKeyId: 'loopback', secretAccessKey: 'loopback' } }
    : {}
}

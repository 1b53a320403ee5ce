/** A hub in an account as an instance meets it: table, queues, and the metadata of its container, all on loopback. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { openS3Blobs } from '#adapters/s3/blobs'
import { createS3Client } from '#adapters/s3/client'
import { openSqsQueue } from '#adapters/sqs/queue'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import type { Json } from '#core/contract/names'
import type { Head } from '#core/head'
import { createTask } from '#core/tasks/create'
import { readHead } from '#core/tasks/move'
import { readInstances } from '#core/workers/fleet'
import { putWorker } from '#core/workers/put-worker'
import type { World } from '#core/world'
import { toManifest, type WorkerDefinition } from '#worker-runtime/index'
import { type DynamoEngine, startDynamo } from './engines/dynamodb-local.ts'
import { type SqsEngine, startSqs } from './engines/fauxqs.ts'
import { followHub, type HubProcess, plainEnv } from './hub-process.ts'
import { deployed } from './own-hub.ts'
import { until } from './until.ts'

export interface Engines extends AsyncDisposable {
  readonly dynamo: DynamoEngine
  readonly sqs: SqsEngine
}

export async function startEngines(): Promise<Engines> {
  const [dynamo, sqs] = await Promise.all([startDynamo(), startSqs()])
  return {
    ...{ dynamo, sqs },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([dynamo[Symbol.asyncDispose](), sqs.stop()])
    },
  }
}

const entry = fileURLToPath(new URL('../fixtures/instance-child.ts', import.meta.url))
const family = 'h-w'
const quickLeaseSeconds = 3
const emulatorKeys = { accessKeyId: 'loopback', secretAccessKey: 'loopback' }

export type Account = Awaited<ReturnType<typeof openTestAccount>>

/** @param module of the worker whose default export `definition` is */
export async function openTestAccount(engines: Engines, definition: WorkerDefinition, module: string) {
  const { name: worker } = definition
  const [{ name: table }, { queueUrlPrefix }] = await Promise.all([
    engines.dynamo.makeTable(),
    engines.sqs.makeQueues([worker]),
  ])
  const queue = openSqsQueue({ client: engines.sqs.client, queueUrlPrefix, clock: systemClock })
  const store = openDynamoStore({
    client: engines.dynamo.client,
    table,
    sendBells: queue.sendBells,
    dueShards: 2,
    monotonicMs: systemClock.monotonicMs,
  })
  const silent = () => undefined
  const world: World = {
    ...{ store, queue, clock: systemClock, ids: createSystemIds(), chance: () => 0.5, directoryShards: 1 },
    log: { info: silent, warn: silent, error: silent },
    seesSince: () => 0,
  }
  const told = toManifest(definition)
  const commands = told.commands.map((command) => ({ ...command, leaseSeconds: quickLeaseSeconds }))
  const manifest = { ...told, commands }
  const deploy = (revision: number, idleSeconds = 600) =>
    putWorker(world, {
      ...{ manifest: { ...manifest, idleSeconds }, launch: deployed, generation: `${family}:${revision}` },
      by: 'registrar',
    })
  const emulator = String(engines.sqs.settings.endpoint)
  const bucket = `taskurai-test-${randomBytes(6).toString('hex')}`
  const s3 = createS3Client({ endpoint: emulator, region: 'us-east-1', credentials: emulatorKeys })
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const environment = {
    TASKURAI_HUB: 'h',
    TASKURAI_TABLE: table,
    TASKURAI_QUEUE_URL_PREFIX: queueUrlPrefix,
    TASKURAI_BUCKET: bucket,
    TASKURAI_DUE_SHARDS: '2',
    AWS_ENDPOINT_URL_DYNAMODB: engines.dynamo.endpoint,
    AWS_ENDPOINT_URL_SQS: emulator,
    AWS_ENDPOINT_URL_S3: emulator,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: emulatorKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulatorKeys.secretAccessKey,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TASKURAI_GRACE_SECONDS: '1',
  }

  return {
    ...{ worker, world, manifest, deploy, environment },
    /** One instance in a process of its own, as a container runs it. */
    start: (env: Readonly<Record<string, string>> = {}): HubProcess => {
      const words = ['--import', import.meta.resolve('tsx'), entry, module]
      const { PATH = '', HOME = '' } = plainEnv()
      const child = spawn(process.execPath, words, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH, HOME, ...environment, ...env },
      })
      return followHub(child)
    },
    submit: async (command: string, args: Json = {}): Promise<string> => {
      const id = world.ids.next()
      await createTask(world, {
        ...{ id, by: 'ann', argumentsBytes: JSON.stringify(args).length },
        task: { command, arguments: args },
        command: { worker, name: command, version: 1, leaseSeconds: quickLeaseSeconds },
      })
      return id
    },
    head: (id: string) => readHead(world, id),
    headOnce: (id: string, isSo: (head: Head) => boolean, mostMs = 60_000): Promise<Head> =>
      until(
        `task ${id}`,
        async () => {
          const head = await readHead(world, id)
          return head !== undefined && isSo(head) && head
        },
        mostMs,
      ),
    instances: () => readInstances(world, worker),
    bytesOf: async (payload: string): Promise<string> => {
      const bytes = await openS3Blobs({ client: s3, bucket }).get(payload)
      return bytes === undefined ? '' : text(bytes)
    },
  }
}

/** The endpoint that Amazon ECS gives a container. */
export async function startMetadata(revision: number) {
  let answers = 0
  const server = createServer((request, response) => {
    answers++
    const body = request.url?.endsWith('/task')
      ? {
          ...{
            Cluster: 'h',
            TaskARN: `arn:aws:ecs:r:1:task/h/${revision}`,
            Family: family,
            Revision: String(revision),
          },
          ...{ DesiredStatus: 'RUNNING', KnownStatus: 'RUNNING', LaunchType: 'FARGATE' },
        }
      : {}
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    env: { ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${address.port}/v4/1` },
    answers: () => answers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A way to an address that can be closed: then nobody answers there any more. */
export async function openWay(to: string) {
  const { hostname, port } = new URL(to)
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    const onward = connect(Number(port), hostname)
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => one.destroy())
    }
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    address: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

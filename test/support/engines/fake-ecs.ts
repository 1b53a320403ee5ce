import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { RunTaskCommandInput } from '@aws-sdk/client-ecs'
import { createEcsClient } from '#adapters/ecs/client'

/**
 * Plays ECS on loopback, as far as launches, check runs and revisions need it. Tokens are kept as the real one keeps
 * them: the same request starts once, another one with the same token is a conflict. What an instance asks about itself
 * is served under `/v4/<id>/task`.
 */

export interface FakeTask {
  readonly id: string
  readonly taskArn: string
  readonly clusterArn: string
  readonly taskDefinitionArn: string
  readonly container: string
  readonly group: string
  readonly startedBy: string
  readonly isOnSpot: boolean
  /** What its launch sets beside its revision. */
  readonly environment: Readonly<Record<string, string>>
  /** For `ECS_CONTAINER_METADATA_URI_V4`. */
  readonly metadataUrl: string
  stop: FakeStop | undefined
}

export interface FakeStop {
  readonly stopCode?: string
  readonly stoppedReason?: string
  readonly exitCode?: number
  readonly containerReason?: string
  readonly at: Date
}

/** What becomes of one request. */
export type Fate =
  /** So many of what was asked for are started, and for the others this reason is given. */
  | { readonly kind: 'room'; readonly most: number; readonly reason?: string }
  | { readonly kind: 'error'; readonly type: string; readonly message: string; readonly status?: number }
  /** It is carried out, and nobody hears of it. */
  | { readonly kind: 'answer-lost' }

export interface FakeCall {
  readonly op: string
  readonly input: Readonly<Record<string, unknown>>
}

export interface FakeEcs extends AsyncDisposable {
  readonly endpoint: string
  readonly settings: NonNullable<Parameters<typeof createEcsClient>[0]>
  readonly client: ReturnType<typeof createEcsClient>
  readonly calls: FakeCall[]
  readonly runs: () => readonly RunTaskCommandInput[]
  readonly tasks: Map<string, FakeTask>
  /** For the next calls of RunTask, in this order; after them all goes well. */
  readonly fates: Fate[]
  /** Those that can be run, oldest first. */
  readonly revisions: string[]
  /** A task was started: the place to start a process for it. */
  onRun: ((task: FakeTask) => void) | undefined
  /** The task has ended; answers what EventBridge tells of it, the same each time. */
  readonly stopped: (taskArn: string, stop?: Omit<FakeStop, 'at'> & { readonly at?: Date }) => FakeStopEvent
}

export type FakeStopEvent = ReturnType<typeof eventOf>

const account = '111122223333'
const region = 'eu-west-1'
const arn = (rest: string) => `arn:aws:ecs:${region}:${account}:${rest}`

export async function startFakeEcs(): Promise<FakeEcs> {
  const state: State = { tasks: new Map(), tokens: new Map(), calls: [], fates: [], revisions: [], endpoint: '' }
  const server = createServer((request, response) => {
    answer(state, fake, request, response).catch((error: unknown) => {
      send(response, 500, { __type: 'ServerException', message: String(error) })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  state.endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const { endpoint } = state
  const settings = { endpoint, region, credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' } }
  const client = createEcsClient(settings)
  const fake: FakeEcs = {
    ...{ endpoint, settings, client },
    ...{ calls: state.calls, tasks: state.tasks, fates: state.fates, revisions: state.revisions },
    onRun: undefined,
    runs: () =>
      state.calls.filter(({ op }) => op === 'RunTask').map(({ input }) => input as unknown as RunTaskCommandInput),
    stopped: (taskArn, stop = {}) => {
      const task = state.tasks.get(taskArn)
      if (task === undefined) throw new Error(`no task ${taskArn} was started`)
      task.stop ??= { at: new Date(), ...stop }
      return eventOf(task, task.stop)
    },
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return fake
}

interface State {
  readonly tasks: Map<string, FakeTask>
  readonly tokens: Map<string, { readonly asked: string; readonly tasks: readonly FakeTask[] }>
  readonly calls: FakeCall[]
  readonly fates: Fate[]
  readonly revisions: string[]
  endpoint: string
}

async function answer(state: State, fake: FakeEcs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return tellMetadata(state, request, response)
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const input = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
  const op = String(request.headers['x-amz-target']).replace('AmazonEC2ContainerServiceV20141113.', '')
  state.calls.push({ op, input })
  switch (op) {
    case 'RunTask':
      return run(state, fake, input as unknown as RunTaskCommandInput, response)
    case 'DescribeTasks':
      return send(response, 200, describe(state, input.tasks as readonly string[]))
    case 'ListTaskDefinitions':
      return send(response, 200, { taskDefinitionArns: list(state, input) })
    case 'DeregisterTaskDefinition': {
      const index = state.revisions.indexOf(String(input.taskDefinition))
      if (index < 0)
        return send(response, 400, {
          __type: 'ClientException',
          message: 'The specified task definition does not exist.',
        })
      state.revisions.splice(index, 1)
      return send(response, 200, { taskDefinition: { taskDefinitionArn: input.taskDefinition, status: 'INACTIVE' } })
    }
    default:
      return send(response, 400, { __type: 'UnknownOperationException', message: op })
  }
}

function run(state: State, fake: FakeEcs, input: RunTaskCommandInput, response: ServerResponse): void {
  const { clientToken = '', count = 1 } = input
  const fault = faultOf(input)
  if (fault !== undefined) return send(response, 400, { __type: 'InvalidParameterException', message: fault })
  const fate = state.fates.shift()
  if (fate?.kind === 'error') return send(response, fate.status ?? 400, { __type: fate.type, message: fate.message })
  const asked = JSON.stringify(input)
  const before = state.tokens.get(clientToken)
  if (before !== undefined && before.asked !== asked) {
    const resourceIds = before.tasks.map(({ taskArn }) => taskArn)
    return send(response, 400, { __type: 'ConflictException', message: 'The token is in use.', resourceIds })
  }
  const room = fate?.kind === 'room' ? Math.min(fate.most, count) : count
  const tasks = before?.tasks ?? Array.from({ length: room }, () => taskOf(state, input))
  // A call that started nothing leaves nothing to remember.
  if (tasks.length > 0) state.tokens.set(clientToken, { asked, tasks })
  if (before === undefined) for (const task of tasks) fake.onRun?.(task)
  if (fate?.kind === 'answer-lost') return void response.socket?.destroy()
  const failures = fate?.kind === 'room' && fate.reason !== undefined && room < count ? [{ reason: fate.reason }] : []
  send(response, 200, { tasks: tasks.map(described), failures })
}

/** The limits that a launcher could break without noticing. */
function faultOf({ clientToken = '', count = 1, startedBy = '', tags = [] }: RunTaskCommandInput): string | undefined {
  if (count < 1 || count > 10) return 'count should be between 1 and 10'
  if (!/^[!-~]{1,64}$/.test(clientToken)) return 'clientToken has 1 to 64 printable characters'
  if (!/^[A-Za-z0-9/_-]{1,128}$/.test(startedBy)) return `startedBy takes other characters than ${startedBy}`
  const keys = tags.map(({ key }) => key)
  return new Set(keys).size < keys.length ? 'Duplicate tag keys' : undefined
}

function taskOf(state: State, input: RunTaskCommandInput): FakeTask {
  const { cluster = 'default', group = '', startedBy = '', taskDefinition = '' } = input
  const override = input.overrides?.containerOverrides?.[0]
  const id = randomBytes(16).toString('hex')
  const task: FakeTask = {
    ...{ id, group, startedBy, taskDefinitionArn: taskDefinition },
    taskArn: arn(`task/${cluster}/${id}`),
    clusterArn: arn(`cluster/${cluster}`),
    container: override?.name ?? 'worker',
    isOnSpot: input.capacityProviderStrategy?.[0]?.capacityProvider === 'FARGATE_SPOT',
    environment: Object.fromEntries((override?.environment ?? []).map(({ name = '', value = '' }) => [name, value])),
    metadataUrl: `${state.endpoint}/v4/${id}`,
    stop: undefined,
  }
  state.tasks.set(task.taskArn, task)
  return task
}

function describe({ tasks }: State, arns: readonly string[]) {
  return {
    tasks: arns.flatMap((arn) => tasks.get(arn) ?? []).map(described),
    failures: arns.filter((arn) => !tasks.has(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
  }
}

function described({ stop, container, ...task }: FakeTask) {
  const lastStatus = stop === undefined ? 'RUNNING' : 'STOPPED'
  const own = { name: container, lastStatus, exitCode: stop?.exitCode, reason: stop?.containerReason }
  const { taskArn, clusterArn, taskDefinitionArn, group, startedBy } = task
  const { stopCode, stoppedReason } = stop ?? {}
  return {
    taskArn,
    clusterArn,
    taskDefinitionArn,
    group,
    startedBy,
    lastStatus,
    stopCode,
    stoppedReason,
    containers: [own],
  }
}

function list({ revisions }: State, { familyPrefix, sort }: Record<string, unknown>): readonly string[] {
  const ofFamily = revisions.filter((revision) => revision.includes(`:task-definition/${String(familyPrefix)}:`))
  return sort === 'DESC' ? ofFamily.toReversed() : ofFamily
}

/** As the developer guide shows it (ecs_task_events), without what nobody here reads. */
function eventOf(task: FakeTask, stop: FakeStop) {
  return {
    version: '0',
    id: `event-${task.id}`,
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account,
    time: stop.at.toISOString(),
    region,
    resources: [task.taskArn],
    detail: { ...described(task), desiredStatus: 'STOPPED', stoppedAt: stop.at.toISOString(), version: 5 },
  }
}

function tellMetadata({ tasks }: State, request: IncomingMessage, response: ServerResponse): void {
  const [, id] = /^\/v4\/([0-9a-f]+)\/task$/.exec(request.url ?? '') ?? []
  const task = [...tasks.values()].find((one) => one.id === id)
  if (task === undefined) return send(response, 404, {})
  const [Family, Revision] = task.taskDefinitionArn.slice(task.taskDefinitionArn.lastIndexOf('/') + 1).split(':')
  send(response, 200, { Cluster: task.clusterArn, TaskARN: task.taskArn, Family, Revision })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', date: new Date().toUTCString() })
  response.end(JSON.stringify(body))
}

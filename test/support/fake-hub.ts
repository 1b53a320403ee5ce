/**
 * A hub that speaks the worker stream over real TCP and keeps nothing but what the test told it. It remembers answers
 * by nonce, as the protocol asks, and can be told to be slow, deaf, or to lose answers.
 */
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import type { OpenWait, StepRecord, StepReport } from '#core/contract/steps'
import type { Task } from '#core/contract/task'
import type { End, Grant } from '#core/contract/worker-protocol'
import { workerProtocol } from '#core/contract/worker-protocol'

type Body = Readonly<Record<string, unknown>> & {
  readonly nonce: string
  readonly instance: string
  readonly slots?: number
  readonly waitSeconds?: number
  readonly runs?: readonly {
    readonly taskId: string
    readonly run: string
    readonly ticket?: string
    readonly progress?: unknown
    readonly reports?: readonly StepReport[]
    readonly waits?: readonly OpenWait[]
  }[]
  readonly ends?: readonly End[]
  readonly reason?: string
  readonly phase?: string
}

export interface Call {
  readonly op: string
  readonly body: Body
  readonly atMs: number
  readonly stream: number
}

export interface TaskSpec {
  readonly command: string
  readonly arguments?: unknown
  readonly leaseSeconds?: number
  readonly timeoutSeconds?: number
  readonly alone?: boolean
  readonly task?: Partial<Task>
  /** What earlier runs left, and the birth that the ids of sub tasks are made of. */
  readonly steps?: readonly StepRecord[]
  readonly born?: string
  readonly undo?: Grant['undo']
}

export interface FakeHub extends AsyncDisposable {
  readonly endpoint: string
  readonly calls: readonly Call[]
  readonly ends: ReadonlyMap<string, readonly End[]>
  readonly released: readonly { readonly run: string; readonly taskId: string; readonly reason: string }[]
  readonly headers: readonly Readonly<Record<string, unknown>>[]
  /** Queues a task; answers its id. */
  readonly add: (spec: TaskSpec) => string
  readonly push: (push: Readonly<Record<string, unknown>>) => void
  /** The run that a task was granted as. */
  readonly runOf: (taskId: string) => string | undefined
  /** What renewals answer for a task from now on. */
  readonly answerRenewals: (taskId: string, outcome: 'owned' | 'cancel' | 'lost') => void
  readonly drop: () => void
  /** Refuses connections until told otherwise: the port is closed. */
  readonly away: (isAway: boolean) => Promise<void>
  readonly until: (isSo: () => boolean, what: string, mostMs?: number) => Promise<void>
  readonly opsOf: (op: string) => readonly Call[]
  readonly endOf: (taskId: string, mostMs?: number) => Promise<End>
}

export interface FakeHubOptions {
  readonly leaseSeconds?: number
  readonly idleSeconds?: number
  /** True: the answer of this call is lost, with its stream. The effect stays. */
  readonly loses?: (call: Call) => boolean
  readonly delayMs?: (call: Call) => number
  /** Refuses the upgrade with this status. */
  readonly refuseStatus?: () => number | undefined
  /** By how much its clock is ahead of this machine's. */
  readonly clockOffMs?: () => number
  readonly drain?: () => boolean
  readonly problem?: (call: Call) => Readonly<Record<string, unknown>> | undefined
  /** The test's own answer, in place of the hub's. Steps are owned, and waits suspended, where it says nothing. */
  readonly answer?: (call: Call) => object | undefined
}

/** Far more than any case takes by itself: a loaded machine is no reason to fail. */
const untilMostMs = 60_000
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export async function startFakeHub(options: FakeHubOptions = {}): Promise<FakeHub> {
  const calls: Call[] = []
  const ends = new Map<string, End[]>()
  const released: { run: string; taskId: string; reason: string }[] = []
  const headers: Record<string, unknown>[] = []
  const queue: TaskSpec[] = []
  const ids = new Map<TaskSpec, string>()
  const runs = new Map<string, string>()
  const outcomes = new Map<string, 'owned' | 'cancel' | 'lost'>()
  const answers = new Map<string, Promise<object>>()
  const sockets = new Set<Socket>()
  const waiters = new Set<() => void>()
  let tasks = 0
  let grants = 0
  let streams = 0

  const changed = () => {
    for (const waiter of [...waiters]) waiter()
  }
  const until = (isSo: () => boolean, what: string, mostMs = untilMostMs) =>
    new Promise<void>((resolve, reject) => {
      const settle = () => {
        if (!isSo()) return
        waiters.delete(settle)
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiters.delete(settle)
        reject(new Error(`waited ${mostMs} ms in vain for: ${what}; calls: ${calls.map(({ op }) => op).join(' ')}`))
      }, mostMs)
      waiters.add(settle)
      settle()
    })

  const grant = (spec: TaskSpec): Grant => {
    const id = ids.get(spec) ?? ''
    const run = `${id}.${grants++}`
    runs.set(id, run)
    const leaseSeconds = spec.leaseSeconds ?? options.leaseSeconds ?? 60
    const task: Task = { ...taskOf(id, spec, leaseSeconds), ...spec.task }
    return {
      run,
      ticket: `t${grants}`,
      leaseSeconds,
      ...(spec.timeoutSeconds === undefined ? {} : { timeoutSeconds: spec.timeoutSeconds }),
      ...(spec.alone === undefined ? {} : { alone: spec.alone }),
      task,
      ...(spec.steps === undefined ? {} : { steps: [...spec.steps] }),
      ...(spec.born === undefined ? {} : { born: spec.born }),
      ...(spec.undo === undefined ? {} : { undo: spec.undo }),
    }
  }

  const receive = async ({ slots = 0, waitSeconds = 0 }: Body) => {
    const isWoken = () => queue.length > 0 || options.drain?.() === true || leaving
    if (!isWoken() && waitSeconds > 0) await until(isWoken, 'work', waitSeconds * 1_000).catch(() => {})
    const grantsNow = queue.splice(0, slots).map(grant)
    return { grants: grantsNow, ...(options.drain?.() === true ? { drain: true } : {}) }
  }
  let leaving = false

  const answerOf = async (call: Call): Promise<object> => {
    const { op, body } = call
    const told = options.answer?.(call)
    if (told !== undefined) return told
    leaving = op === 'leave' || (leaving && op !== 'receive')
    switch (op) {
      case 'register':
        return { generation: 'g', paused: false, idleSeconds: options.idleSeconds ?? 1e9 }
      case 'receive':
        return receive(body)
      case 'renew':
        return { runs: body.runs?.map(({ run, taskId }) => ({ run, outcome: outcomes.get(taskId) ?? 'owned' })) }
      case 'complete':
        for (const end of body.ends ?? []) ends.set(end.taskId, [...(ends.get(end.taskId) ?? []), end])
        return { runs: body.ends?.map(({ run }) => ({ run, outcome: 'done' })) }
      case 'release':
        for (const { run, taskId } of body.runs ?? []) released.push({ run, taskId, reason: body.reason ?? '' })
        return { runs: body.runs?.map(({ run }) => ({ run, outcome: 'done' })) }
      case 'step':
        return {
          runs: body.runs?.map(({ run, reports }) => ({ run, outcome: 'owned', records: reports?.flatMap(recordOf) })),
        }
      case 'suspend':
        return { runs: body.runs?.map(({ run }) => ({ run, outcome: 'suspended' })) }
      default:
        return {}
    }
  }

  const onLine = async (socket: Socket, line: string, stream: number) => {
    const { id, op, body } = JSON.parse(line) as { id: number; op: keyof typeof workerProtocol; body: Body }
    // The contract holds for every single message of every test.
    workerProtocol[op].request.parse(body)
    const call: Call = { op, body, atMs: performance.now(), stream }
    calls.push(call)
    const problem = options.problem?.(call)
    const answer = answers.get(body.nonce) ?? (problem === undefined ? answerOf(call) : undefined)
    if (answer !== undefined) answers.set(body.nonce, answer)
    changed()
    const settled = await answer
    const delayMs = options.delayMs?.(call) ?? 0
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    if (options.loses?.(call) === true) socket.destroy()
    else socket.write(`${JSON.stringify(problem === undefined ? { id, answer: settled } : { id, problem })}\n`)
    changed()
  }

  const create = (): Server => {
    const created = createServer()
    created.on('upgrade', (request, socket: Socket, head) => {
      headers.push(request.headers)
      const status = options.refuseStatus?.()
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`)
        return
      }
      const stream = streams++
      sockets.add(socket)
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: taskurai-worker/1\r\nDate: ${new Date(Date.now() + (options.clockOffMs?.() ?? 0)).toUTCString()}\r\n\r\n`,
      )
      const decoder = new StringDecoder('utf8')
      let rest = decoder.write(head)
      socket.setNoDelay(true)
      socket.on('data', (chunk: Buffer) => {
        const lines = (rest + decoder.write(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          onLine(socket, line, stream).catch((error: unknown) => {
            calls.push({ op: `broken: ${String(error)}`, body: { nonce: '', instance: '' }, atMs: 0, stream })
            changed()
          })
        }
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        changed()
      })
    })
    return created
  }
  let server = create()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The hub has no port.')
  const { port } = address
  const closeServer = async () => {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }

  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    ends,
    released,
    headers,
    until,
    add: (spec) => {
      const own = { ...spec }
      const id = idOf(++tasks)
      ids.set(own, id)
      queue.push(own)
      changed()
      return id
    },
    push: (push) => {
      for (const socket of sockets) socket.write(`${JSON.stringify(push)}\n`)
    },
    runOf: (taskId) => runs.get(taskId),
    answerRenewals: (taskId, outcome) => void outcomes.set(taskId, outcome),
    drop: () => {
      for (const socket of sockets) socket.destroy()
    },
    away: async (isAway) => {
      await closeServer()
      if (isAway) return
      server = create()
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    },
    opsOf: (op) => calls.filter((call) => call.op === op),
    endOf: async (taskId, mostMs) => {
      await until(() => ends.has(taskId), `the end of ${taskId}`, mostMs)
      const end = ends.get(taskId)?.[0]
      if (end === undefined) throw new Error('no end')
      return end
    },
    [Symbol.asyncDispose]: closeServer,
  }
}

function idOf(number: number): string {
  let id = ''
  for (let rest = number; id.length < 26; rest = Math.floor(rest / 32)) id = (alphabet[rest % 32] ?? '0') + id
  return id
}

/** Steps and waits as a hub remembers them; tests of sub tasks say themselves what they are told. */
function recordOf(report: StepReport): readonly StepRecord[] {
  if (report.kind === 'done' || report.kind === 'failed') return [{ ...report, kind: 'step', state: report.kind }]
  if (report.kind !== 'open') return []
  const { wait } = report
  return [{ id: wait.id, kind: wait.kind, state: 'open', wait }]
}

function taskOf(id: string, spec: TaskSpec, leaseSeconds: number): Task {
  const at = '2026-11-24T00:00:00.000Z'
  return {
    id,
    command: spec.command,
    version: 1,
    worker: 'w',
    correlationId: id,
    createdAt: at,
    createdBy: 'test',
    modifiedAt: at,
    modifiedBy: 'test',
    status: 'running',
    statusCode: 102,
    runCount: 1,
    history: [],
    retry: { maxRuns: 3, minSeconds: 1, maxSeconds: 300, factor: 2, jitter: 'full' },
    leaseSeconds,
    retentionSeconds: 86_400,
    ...(spec.arguments === undefined ? {} : { arguments: spec.arguments as NonNullable<Task['arguments']> }),
  }
}

/** The hub's side of an instance in an account, over memory: spoken to as the instance's agent does. */
import type { End } from '#core/contract/worker-protocol'
import { fleetKey, headSk } from '#core/keys'
import type { Commit, Store } from '#core/ports'
import { createSight } from '#core/sight'
import { createTask } from '#core/tasks/create'
import { putWorker } from '#core/workers/put-worker'
import { createOwnHub } from '#worker-runtime/aws/own-hub'
import { createRegisterByHand } from '#worker-runtime/aws/register-by-hand'
import { rememberFleet } from '#worker-runtime/aws/remember-fleet'
import { createMemoryWorld } from './memory-world.ts'

export const worker = 'mill'
export const command = { name: 'mill.grind', version: 1 }
export const manifest = {
  manifest: 1 as const,
  name: worker,
  commands: [command],
  concurrency: 4,
  scaling: { min: 0, max: 4 },
  idleSeconds: 1,
}
export const deployed = {
  kind: 'ecs',
  cluster: 'c',
  taskDefinition: 'arn:aws:ecs:eu-central-1:1:task-definition/h-mill:7',
  container: 'worker',
  subnets: ['s'],
  securityGroups: ['g'],
  assignPublicIp: true,
}

export interface Answered {
  readonly answer?: unknown
  readonly problem?: { readonly code: string; readonly detail: string }
}

export interface GrantOf {
  readonly run: string
  readonly ticket: string
  readonly task: { readonly id: string }
}

export async function createOwnHubWorld() {
  const world = createMemoryWorld()
  const calls = { headReads: 0, headPuts: 0, fleetReads: 0, otherReads: 0, otherPuts: 0 }
  /** What reading or writing anything does instead. */
  let fault: Error | undefined
  const failing = () => {
    if (fault !== undefined) throw fault
  }
  const counted: Store = {
    ...world.store,
    get: async (key) => {
      failing()
      if (key.sk === headSk) calls.headReads++
      else if (key.sk === fleetKey(worker).sk) calls.fleetReads++
      else calls.otherReads++
      return world.store.get(key)
    },
    commit: async (commit: Commit) => {
      failing()
      const { write, before = [] } = commit
      for (const each of [write, ...before]) {
        if (each.kind === 'put' && each.item.sk === headSk) calls.headPuts++
        else calls.otherPuts++
      }
      return world.store.commit(commit)
    },
  }
  await putWorker(world, { manifest, launch: deployed, generation: 'h-mill:7', by: 'registrar' })
  const sight = createSight(counted, world.clock)
  const fleet = rememberFleet(counted, worker, world.clock)
  const seen = { ...world, store: fleet.store, seesSince: sight.seesSince }
  const door = createOwnHub({
    checkSubTasks: () => Promise.reject(new Error('no sub tasks here')),
    world: seen,
    sight,
    worker,
    registerWorker: createRegisterByHand(seen),
    forgetFleet: fleet.forget,
    clockOffMs: () => 0,
    close: async () => undefined,
  })
  let ids = 0

  return {
    ...{ world, seen, sight, door, calls },
    setFault: (error: Error | undefined) => {
      fault = error
    },
    forgetCalls: () => Object.assign(calls, { headReads: 0, headPuts: 0, fleetReads: 0, otherReads: 0, otherPuts: 0 }),
    submit: async () => {
      const id = `01ARZ3NDEKTSV4RRFFQ6${String(ids++).padStart(6, '0')}`
      const of = { task: { command: command.name }, command: { worker, ...command }, by: 'ann', argumentsBytes: 0 }
      await createTask(world, { ...of, id })
      return id
    },
  }
}

/** The instance's end of an open stream. */
export async function connect(door: Awaited<ReturnType<typeof createOwnHubWorld>>['door'], instance = 'a') {
  const opened = await door.open()
  if (opened.kind !== 'open') throw new Error(`it did not open: ${opened.message}`)
  const { socket } = opened
  const waiting = new Map<number, (answered: Answered) => void>()
  let calls = 0
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('error', () => undefined)
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const message: Answered & { readonly id: number } = JSON.parse(line)
      waiting.get(message.id)?.(message)
    }
  })
  const say = (op: string, fields: object) => {
    const id = calls++
    const answered = new Promise<Answered>((resolve) => waiting.set(id, resolve))
    socket.write(`${JSON.stringify({ id, op, body: { worker, instance, nonce: `n${id}`, ...fields } })}\n`)
    return answered
  }
  return {
    ...{ opened, socket, say },
    register: (fields: object = {}) =>
      say('register', { concurrency: 4, runs: [], generation: 'h-mill:7', launch: 'arn:task', ...fields }),
    receive: async (slots = 4, waitSeconds = 0): Promise<readonly GrantOf[]> => {
      const { answer } = await say('receive', { slots, freeSlots: slots, waitSeconds })
      return (answer as { readonly grants: readonly GrantOf[] }).grants
    },
    complete: (grants: readonly GrantOf[], kind: End['kind'] = 'succeed') =>
      say('complete', {
        ends: grants.map(({ run, ticket, task }) => ({ kind, taskId: task.id, run, ticket })),
      }),
  }
}

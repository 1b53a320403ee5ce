import type { NewTask } from '#core/contract/new-task'
import type { OpenWait, StepRecord, StepReport } from '#core/contract/steps'
import type { Task } from '#core/contract/task'
import type { Grant, StepsAnswer, SuspendAnswer } from '#core/contract/worker-protocol'
import type { Head } from '#core/head'
import { cancelTask, retryTask } from '#core/tasks/change'
import { createTask } from '#core/tasks/create'
import { readHead } from '#core/tasks/move'
import { dueEntries, tickTasks } from '#core/tasks/tick'
import { putWorker } from '#core/workers/put-worker'
import { createCatalog } from '#functions/api/catalog'
import { createCheckSubTasks } from '#functions/api/create-sub-tasks'
import { react } from '#functions/reactor/reactor'
import { createWorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** A hub in memory with its reactor and clock, and an instance that the test speaks for, run by run. */

export const retentionSeconds = 86_400

export async function createFlowHub() {
  const world = createMemoryWorld()
  const catalog = createCatalog(world)
  const manifest = {
    manifest: 1 as const,
    name: 'mill',
    commands: [
      { name: 'mill.grind', version: 1, input: { type: 'object', properties: { stone: { type: 'number' } } } },
      { name: 'mill.bake', version: 1 },
      { name: 'mill.undo', version: 1, runsOnCancel: true as const },
    ],
    concurrency: 1_000,
    scaling: { min: 0, max: 4 },
    idleSeconds: 30,
  }
  await putWorker(world, { manifest, launch: { module: 'mill' }, by: 'ann' })
  const checkSubTasks = createCheckSubTasks({ world, catalog })
  const calls = createWorkerCalls(world, (ask) => putWorker(world, ask), { checkSubTasks })
  let nonces = 0
  let seen = 0
  const say = (op: Parameters<typeof calls.call>[0], fields: object) =>
    calls.call(op, { worker: 'mill', instance: 'i1', nonce: `n${nonces++}`, ...fields }, 'mill')
  await say('register', { concurrency: 1_000, runs: [], pid: 1 })

  const hub = {
    world,
    calls,
    say,
    submit: async (task: Partial<NewTask> = {}, of: { readonly runsOnCancel?: true } = {}): Promise<string> => {
      const id = world.ids.next()
      const command = { worker: 'mill', name: task.command ?? 'mill.grind', version: 1, ...of }
      const asked = { command: 'mill.grind', retentionSeconds, ...task }
      await createTask(world, { task: asked, command, by: 'ann', id, argumentsBytes: 0 })
      return id
    },
    /** Works off what has changed since the last time, as the reactor would. */
    follow: async () => {
      for (let rounds = 0; rounds < 50; rounds++) {
        const changes = world.memory.table.changes.slice(seen)
        if (changes.length === 0) return
        seen += changes.length
        await react(world, { nudgeScaler: () => undefined }, changes)
      }
      throw new Error('the reactor goes in circles')
    },
    tick: async () => {
      await tickTasks(world, { bellMustBeGone: () => false }, await dueEntries(world))
    },
    /** Lets time pass with the clock looking each minute. */
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= 60_000) {
        await world.clock.advance(Math.min(left, 60_000))
        await hub.tick()
        await hub.follow()
      }
    },
    receive: async (slots = 1_000): Promise<readonly Grant[]> => {
      const answer = say('receive', { slots, freeSlots: slots, waitSeconds: 0 })
      await world.clock.advance(500)
      return ((await answer) as { readonly grants: readonly Grant[] }).grants
    },
    one: async (): Promise<Grant> => {
      const [grant, ...others] = await hub.receive()
      if (grant === undefined || others.length > 0) throw new Error(`${others.length + (grant ? 1 : 0)} grants`)
      return grant
    },
    step: async ({ task, run }: Grant, ...reports: StepReport[]): Promise<StepsAnswer> => {
      const answer = (await say('step', { runs: [{ taskId: task.id, run, reports }] })) as { runs: StepsAnswer[] }
      return answer.runs[0] as StepsAnswer
    },
    suspend: async ({ task, run, ticket }: Grant, ...waits: OpenWait[]): Promise<SuspendAnswer> => {
      const runs = [{ taskId: task.id, run, ticket, waits }]
      return ((await say('suspend', { runs })) as { runs: SuspendAnswer[] }).runs[0] as SuspendAnswer
    },
    succeed: ({ task, run, ticket }: Grant, output?: unknown, children?: true) =>
      say('complete', { ends: [{ kind: 'succeed', taskId: task.id, run, ticket, result: { output }, children }] }),
    fail: ({ task, run, ticket }: Grant, retryable = false, children?: true) => {
      const error = { code: 'broken', message: 'it broke', retryable }
      return say('complete', { ends: [{ kind: 'fail', taskId: task.id, run, ticket, error, children }] })
    },
    cancel: (taskId: string) => cancelTask(world, { taskId, by: 'ann' }),
    retry: (taskId: string) => retryTask(world, { taskId, by: 'ann' }),
    head: async (taskId: string): Promise<Head> => {
      const head = await readHead(world, taskId)
      if (head === undefined) throw new Error(`there is no task ${taskId}`)
      return head
    },
  }
  return hub
}

export type FlowHub = Awaited<ReturnType<typeof createFlowHub>>

export function subTasks(count: number, changes: Partial<Task> = {}): { command: string }[] {
  return Array.from({ length: count }, (_, stone) => ({ command: 'mill.grind', arguments: { stone }, ...changes }))
}

export function done(id: string, output: unknown): StepReport {
  return { kind: 'done', id, output: output as never, startedAt: 1, endedAt: 2 }
}

export function recordOfStep({ steps = [] }: Grant, id: string): StepRecord | undefined {
  return steps.find((record) => record.id === id)
}

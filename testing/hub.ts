import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { NewSignal, type OpenWait, SignalName, type StepReport } from '#core/contract/steps'
import {
  type ChildOutput,
  type Grant,
  Outputs,
  Steps,
  type StepsAnswer,
  Suspend,
  type SuspendAnswer,
} from '#core/contract/worker-protocol'
import { readReplay } from '#core/flow/replay'
import { putWorker } from '#core/workers/put-worker'
import { createCatalog } from '#functions/api/catalog'
import { createCheckSubTasks } from '#functions/api/create-sub-tasks'
import { sendSignal } from '#functions/api/send-signal'
import { readOutputs, suspendRuns, tellSteps } from '#functions/worker-protocol/flow-calls'
import { grantFor } from '#functions/worker-protocol/receive'
import { Session } from '#functions/worker-protocol/session'
import { toManifest } from '#worker-runtime/worker'
import type { TaskLife } from './life.ts'
import { standInWorker, tester, testInstance, testWorker } from './names.ts'
import { commandsOf, finderOf, type StandIns } from './stand-ins.ts'
import { createTestWorld, type TestWorld, type TestWorldOptions } from './test-world.ts'

/**
 * What a hub is to the runs of a test: the hub's own code behind its doors (steps, suspensions, sub tasks, signals), over
 * the world of the test. Messages cross as JSON and are parsed as at those doors.
 */
export interface TestHub {
  readonly world: TestWorld
  /** The command that a sub task asks for. */
  readonly find: ReturnType<typeof finderOf>
  readonly grant: (life: TaskLife, run: string) => Promise<Grant>
  readonly step: (grant: Grant, reports: readonly StepReport[]) => Promise<StepsAnswer>
  readonly suspend: (grant: Grant, waits: readonly OpenWait[]) => Promise<SuspendAnswer>
  readonly outputs: (
    grant: Grant,
    wait: string,
    from: number,
  ) => Promise<{ outputs: readonly ChildOutput[]; next?: number }>
  /** Sent at once, and there when `heard` resolves; a refusal is told to `blame`. */
  readonly signal: (life: TaskLife, name: string, data: unknown) => void
  readonly heard: () => Promise<void>
  /** Notes what is wrong with the test itself; the first word of it is what the test fails with. */
  readonly blame: (thrown: unknown) => void
  readonly isBlamed: () => boolean
  readonly throwBlame: () => void
}

export interface TestHubOptions extends TestWorldOptions {
  readonly subTasks: StandIns
  /** Sub tasks have their parent's, and find only what is registered under it. */
  readonly isolationKey: string | undefined
}

export async function createTestHub(options: TestHubOptions): Promise<TestHub> {
  const world = createTestWorld(options)
  const commands = commandsOf(options.subTasks)
  if (commands.length > 0) {
    const { isolationKey } = options
    const key = isolationKey === undefined ? {} : { isolationKey }
    const manifest = toManifest({ name: standInWorker, commands, concurrency: limits.concurrency, ...key })
    await putWorker(world, { manifest, by: tester })
  }
  const session = new Session({
    ...{ worker: testWorker, instance: testInstance, generation: 'test', concurrency: 1, startedAt: 0 },
    ...{ launch: undefined, pid: undefined, isShared: false },
  })
  let blamed: { readonly thrown: unknown } | undefined
  const blame = (thrown: unknown) => {
    blamed ??= { thrown }
  }
  const check = createCheckSubTasks({ world, catalog: createCatalog(world) })
  const calls = {
    world,
    checkSubTasks: async (ask: Parameters<typeof check>[0]) => {
      try {
        return await check(ask)
      } catch (error) {
        if (error instanceof ApiError && error.code === 'unknown-command') blame(missing(ask, options.subTasks, error))
        throw error
      }
    },
  }
  let nonces = 0
  const bodyOf = (fields: object): unknown =>
    JSON.parse(JSON.stringify({ worker: testWorker, instance: testInstance, nonce: `n${nonces++}`, ...fields }))
  const ofRun = ({ task, run }: Grant) => ({ taskId: task.id, run })
  let sent: Promise<void> = Promise.resolve()

  return {
    world,
    find: finderOf(commands),
    grant: async (life, run) => {
      const { head } = life
      const replay = await readReplay(world, head)
      const grant = grantFor(session, { head, ticket: `bell-of-${run}`, arguments: head.arguments, replay })
      // Heads are read anew each time: a test changes them behind the session's back.
      session.runs.delete(run)
      return { ...grant, task: life.task({ isBrief: true }) }
    },
    step: async (grant, reports) => {
      const body = Steps.safeParse(bodyOf({ runs: [{ ...ofRun(grant), reports }] }))
      if (!body.success) return { run: grant.run, outcome: 'refused', message: unreadable(body.error) }
      return only(await tellSteps(calls, session, body.data, tester))
    },
    suspend: async (grant, waits) => {
      const body = Suspend.safeParse(bodyOf({ runs: [{ ...ofRun(grant), waits }] }))
      if (!body.success) return { run: grant.run, outcome: 'refused', message: unreadable(body.error) }
      return only(await suspendRuns(calls, session, body.data))
    },
    outputs: (grant, wait, from) => readOutputs(calls, session, Outputs.parse(bodyOf({ ...ofRun(grant), wait, from }))),
    signal: (life, name, data) => {
      const signal = checkedSignal(name, data)
      const ask = { ...signal, id: `signal${nonces++}`, by: tester }
      sent = sent
        .then(() => sendSignal(world, { ...ask, head: life.head }))
        .catch((cause: unknown) => {
          const why = cause instanceof Error ? cause.message : String(cause)
          blame(new Error(`The hub refuses the signal ${name}: ${why}`, { cause }))
        })
    },
    heard: () => sent,
    blame,
    isBlamed: () => blamed !== undefined,
    throwBlame: () => {
      if (blamed !== undefined) throw blamed.thrown
    },
  }
}

function checkedSignal(name: string, data: unknown) {
  const parsed = SignalName.safeParse(name)
  if (!parsed.success) throw new TypeError(`'${name}' is no name of a signal: ${parsed.error.issues[0]?.message}`)
  const body: unknown = JSON.parse(JSON.stringify({ data }))
  return { name: parsed.data, data: NewSignal.parse(body).data }
}

type SubTasksAsk = Parameters<ReturnType<typeof createCheckSubTasks>>[0]

function missing({ parent, tasks }: SubTasksAsk, standIns: StandIns, error: ApiError): Error {
  const names = [...new Set(tasks.map(({ command }) => command).filter((name) => !Object.hasOwn(standIns, name)))]
  const [first] = names
  if (first === undefined) return new Error(`${parent.command} asks for a sub task that is not there: ${error.message}`)
  return new Error(
    `${parent.command} asks for sub tasks of ${names.join(', ')}, and the test does not say what they are. ` +
      `Give them: subTasks: { '${first}': (input) => output }, or the command itself instead of a function.`,
  )
}

/** As an instance hears of a message that the hub cannot read. */
function unreadable({ issues }: { readonly issues: readonly { readonly message: string }[] }): string {
  return `invalid: ${issues[0]?.message ?? 'it does not fit'}`
}

function only<Answer>([answer]: readonly Answer[]): Answer {
  if (answer === undefined) throw new Error('each run of a message is answered')
  return answer
}

import { z } from 'zod'
import type { InputOf, OutputOf } from '#client/contract'
import type { ManifestCommand } from '#core/contract/manifest'
import { NewTask } from '#core/contract/new-task'
import type { AnyCommand } from '#worker-runtime/command'
import { validatorOf } from '#worker-runtime/validator'
import { defineWorker, toManifest } from '#worker-runtime/worker'
import { createTestHub, type TestHub } from './hub.ts'
import { TaskLife } from './life.ts'
import { testWorker } from './names.ts'
import type { TestCommandOptions } from './options.ts'
import { TreePlayer } from './play-tree.ts'
import { TestFiles } from './test-files.ts'
import { testedSteps } from './tested-steps.ts'
import { testedSubTasks } from './tested-sub-tasks.ts'
import type { TestedTask } from './tested-task.ts'
import { TestTime } from './time.ts'

const patienceSecondsDefault = 60
/** Half of the longest backoff that a step allows: the same in every test. */
const chanceDefault = () => 0.5

/**
 * Runs a command as a hub and an instance would, to the end of its task: its own schemas check input and output, failed
 * runs are repeated by its retry policy, time limits end it, and what it waits for as a workflow begins another run of it.
 * There is no hub, and no time that platform or policy ask for is waited in real time. A failed task is an answer, not an exception; what throws is a task that no hub would take.
 *
 * @example
 * const run = await testCommand(confirm, { orderId: 'o-1' })
 * assert.equal(run.status, 'succeeded')
 * assert.deepEqual(run.output, { pages: 2 })
 */
export async function testCommand<C extends AnyCommand>(
  command: C,
  input: InputOf<C>,
  options?: TestCommandOptions,
): Promise<TestedTask<OutputOf<C>>>
export async function testCommand(
  command: AnyCommand,
  input: unknown,
  options: TestCommandOptions = {},
): Promise<TestedTask<unknown>> {
  const { chance = chanceDefault, patienceSeconds = patienceSecondsDefault } = options
  if (options.time !== undefined && options.now !== undefined) throw new TypeError('`now` is for tests without `time`')
  const time = options.time ?? new TestTime(options.now)
  const registered = registeredOf(command)
  const files = await TestFiles.read(options.files ?? {})
  const task = newTaskOf(registered, input, options)
  const { subTasks = {}, signals = [] } = options
  const hub = await createTestHub({ time, chance, subTasks, isolationKey: task.isolationKey })
  const life = await TaskLife.begin({ world: hub.world, task, command: registered, files: files.listed })
  for (const { name, data } of signals) hub.signal(life, name, data)
  const ready = { command, input: validatorOf(command.input), output: validatorOf(command.output) }
  const player = new TreePlayer({ hub, life, ready, time, files, hooks: options, patienceSeconds })
  await player.play()
  return testedTaskOf(hub, player)
}

async function testedTaskOf({ world }: TestHub, { root, made }: TreePlayer): Promise<TestedTask<unknown>> {
  const { life, runs, progress, logs, files } = root
  const task = life.task()
  const { status, result, error, history } = task
  const steps = await testedSteps(world, life.head)
  const subTasks = testedSubTasks(
    life.id,
    made.map((id) => new TaskLife(world, id)),
  )
  return { status, output: result?.output, error, runs, steps, subTasks, progress, logs, files, history, task }
}

/** What a hub would know of the command. Throws where it could not be registered: a schema that JSON cannot tell, say. */
function registeredOf(command: AnyCommand): ManifestCommand {
  const [registered] = toManifest(defineWorker({ name: testWorker, commands: [command] })).commands
  if (registered === undefined) throw new Error('a manifest has the commands of its worker')
  return registered
}

type Sent = Partial<NewTask>

/** The task as it reaches a hub: as JSON, and held to the contract of the door. */
function newTaskOf({ name, version }: ManifestCommand, input: unknown, options: TestCommandOptions): NewTask {
  const { files: _f, now: _n, time: _t, chance: _c, patienceSeconds: _p, ...rest } = options
  const { onRun: _r, onProgress: _o, onWait: _w, onStep: _s, subTasks: _u, signals: _g, ...config } = rest
  if ('dependsOn' in config) throw new TypeError('A task under test is alone: it has nothing to depend on')
  const body: Sent = JSON.parse(JSON.stringify({ ...config, command: name, version, arguments: input }))
  const parsed = NewTask.safeParse(body)
  if (parsed.success) return parsed.data
  throw new TypeError(`The hub would not take this task:\n${z.prettifyError(parsed.error)}`)
}

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FakeEcs, FakeTask } from '../engines/fake-ecs.ts'
import { fixtureWorker } from '../hub-process.ts'

/**
 * What Fargate does with a task that RunTask started: the container's own program as a process, with the environment of
 * its task definition, the keys of its role, and the address of its metadata. Its end is told as ECS tells it.
 */

export interface ContainersOptions {
  readonly ecs: FakeEcs
  readonly env: (worker: string) => Readonly<Record<string, string>>
  readonly onStopped: (event: unknown) => void
  /** What its log driver sends, line by line. */
  readonly onLine: (worker: string, stream: string, line: string) => void
}

export interface Containers extends AsyncDisposable {
  readonly running: () => readonly Container[]
  readonly output: () => string
}

export interface Container {
  readonly task: FakeTask
  readonly kill: (signal: NodeJS.Signals) => void
}

const program = fileURLToPath(new URL('../../../bin/taskurai.ts', import.meta.url))
const outputCharsMost = 1_000_000
const killAfterMs = 5_000

const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export function startContainers({ ecs, env, onStopped, onLine }: ContainersOptions): Containers {
  const running = new Map<
    string,
    { readonly child: ChildProcess; readonly container: Container; ended: Promise<void> }
  >()
  let output = ''
  let isOver = false

  ecs.onRun = (task) => {
    if (isOver) return
    const worker = task.group
    const child = spawn(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), program, 'work', fixtureWorker(worker)],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...env(worker), ...task.environment, ECS_CONTAINER_METADATA_URI_V4: task.metadataUrl },
      },
    )
    children.add(child)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8')
      let rest = ''
      stream?.on('data', (text: string) => {
        output = (output + text).slice(-outputCharsMost)
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) onLine(worker, `instance/worker/${task.id}`, line)
      })
    }
    const ended = new Promise<void>((resolve) => {
      child.once('close', (code, signal) => {
        children.delete(child)
        running.delete(task.taskArn)
        resolve()
        const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143)
        const stop = {
          stopCode: 'EssentialContainerExited',
          stoppedReason: 'Essential container in task exited',
          exitCode,
        }
        if (!isOver) onStopped(ecs.stopped(task.taskArn, stop))
      })
    })
    const container = { task, kill: (signal: NodeJS.Signals) => void child.kill(signal) }
    running.set(task.taskArn, { child, container, ended })
  }

  return {
    running: () => [...running.values()].map(({ container }) => container),
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      isOver = true
      const all = [...running.values()]
      for (const { child } of all) child.kill('SIGTERM')
      const timer = setTimeout(() => {
        for (const { child } of all) child.kill('SIGKILL')
      }, killAfterMs)
      await Promise.all(all.map(({ ended }) => ended))
      clearTimeout(timer)
    },
  }
}

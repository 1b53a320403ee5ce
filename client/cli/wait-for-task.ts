import type { Task } from '../../core/contract/task.ts'
import type { Client } from '../client.ts'
import { isLoopback } from '../credentials.ts'
import { hasEnded, WaitOverError } from '../wait.ts'
import type { Connected } from './connect.ts'
import { exitOfTask } from './exit.ts'
import type { Output } from './output.ts'
import { taskDetails } from './show-task.ts'
import { clean } from './table.ts'

export interface WaitAsk {
  readonly output: Output
  readonly connected: Connected
  readonly timeoutSeconds: number | undefined
}

/** Waits for a task, tells people meanwhile what goes on, prints it in the end and gives the exit code. */
export async function waitForTask(task: Pick<Task, 'id'>, ask: WaitAsk): Promise<number> {
  const { output, timeoutSeconds } = ask
  let said = ''
  const onLook = (seen: Task): void => {
    const { status, progress } = seen
    const now = [status, progress && `${progress.percent} %`, progress?.message].filter((part) => part !== undefined)
    const line = now.join(' ')
    if (!output.isJson && output.isTerminal && !hasEnded(seen) && line !== said) void output.say(clean(line))
    said = line
  }
  const last = await waitOrLast(ask.connected.client, task.id, { timeoutSeconds, onLook })
  await (output.isJson ? output.printJson(last) : output.print(taskDetails(last)))
  if (!hasEnded(last)) {
    await output.say(`Still ${last.status} when the wait was over; go on with: taskurai get ${last.id} --wait`)
  }
  return exitOfTask(last.status)
}

async function waitOrLast(
  client: Client,
  id: string,
  { timeoutSeconds, onLook }: { timeoutSeconds: number | undefined; onLook: (task: Task) => void },
): Promise<Task> {
  let last: Task | undefined
  try {
    await client.wait(id, {
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      onLook: (task) => {
        last = task
        onLook(task)
      },
    })
  } catch (error) {
    if (!(error instanceof WaitOverError)) throw error
  }
  if (last === undefined) throw new Error(`Task ${id} was waited for and never seen`)
  return last
}

/** A first task that sits there for a minute looks broken: say why it does not run yet. */
export async function sayWhyIdle(task: Task, { output, connected }: Omit<WaitAsk, 'timeoutSeconds'>): Promise<void> {
  if (hasEnded(task) || task.status === 'running') return
  if (task.status === 'waiting') return output.say(clean(task.waitingFor?.message ?? 'The task waits for its time.'))
  try {
    const worker = await connected.client.worker(task.worker)
    if (worker.paused) {
      await output.say(`Worker ${worker.name} is paused; go on with: taskurai resume ${worker.name}`)
    } else if (worker.instances === 0) {
      const howLong = isLoopback(connected.endpoint) ? '' : ' (Fargate needs about a minute)'
      await output.say(`starting an instance of worker ${worker.name}${howLong}`)
    }
  } catch {
    // A key that may submit need not be allowed to see workers: then there is just nothing to tell.
  }
}

import type { Task } from '../../core/contract/task.ts'
import type { TaskOf } from '../contract.ts'
import { isLoopback } from '../credentials.ts'
import { hasEnded, WaitOverError } from '../wait.ts'
import type { Connected } from './connect.ts'
import { exitOfTask } from './exit.ts'
import type { Output } from './output.ts'
import { taskDetails } from './show-task.ts'
import { clean } from './table.ts'
import { drawNodes } from './watch/draw.ts'
import { follow } from './watch/follow.ts'
import { createLive } from './watch/live.ts'
import { treeOf } from './watch/tree.ts'

export interface WaitAsk {
  readonly output: Output
  readonly connected: Connected
  readonly timeoutSeconds: number | undefined
}

/** Waits for a task, shows people meanwhile what goes on, prints it in the end and gives the exit code. */
export async function waitForTask(task: Pick<Task, 'id'>, ask: WaitAsk): Promise<number> {
  const { output } = ask
  const last = await (output.isLive ? watchOrLast(task.id, ask) : waitOrLast(task.id, ask))
  await (output.isJson ? output.printJson(last) : output.print(taskDetails(last)))
  if (!hasEnded(last)) {
    await output.say(`Still ${last.status} when the wait was over; go on with: taskurai get ${last.id} --wait`)
  }
  return exitOfTask(last.status)
}

/** With a bar that moves. */
async function watchOrLast(id: string, { output, connected, timeoutSeconds }: WaitAsk): Promise<TaskOf> {
  const { client, line } = connected
  const live = createLive(output)
  const now = line.system.now()
  const last = await follow({
    line,
    id,
    until: timeoutSeconds === undefined ? undefined : now + timeoutSeconds * 1_000,
    isWanted: output.isOpen,
    onLook: (task) => {
      const { width, paint } = output
      return live.draw(drawNodes(treeOf([task]), { width, paint, now: line.system.now() }))
    },
  })
  // An output that lies apart comes with it.
  return hasEnded(last) ? client.get(id) : last
}

async function waitOrLast(id: string, { connected, timeoutSeconds }: WaitAsk): Promise<TaskOf> {
  let last: Task | undefined
  try {
    return await connected.client.wait(id, {
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      onLook: (task) => {
        last = task
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

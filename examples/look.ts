import type { Client, Task } from '../client/index.ts'
import type { Work } from './example-work.ts'
import type { Snapshot } from './show-progress.ts'

/** Looks at all workers of the example at once, in the order they were given. */
export async function look(client: Client, works: readonly Work[]): Promise<readonly Snapshot[]> {
  const [workers, tasks] = await Promise.all([
    client.workers(),
    Promise.all(works.map((work) => tasksOf(client, work))),
  ])
  return works.map(({ worker, ids }, index) => {
    const fleet = workers.find(({ name }) => name === worker)
    const { instances, starting } = fleet ?? { instances: 0, starting: 0 }
    return { worker, total: ids.size, ...countsOf(tasks[index] ?? []), instances, starting }
  })
}

/** What everything ended for and no instance is left of. */
export function isOver({ ended, total, instances }: Snapshot): boolean {
  return ended === total && instances === 0
}

const pageTasks = 100

/** Newest first; other tasks of the same commands may stand between. */
async function tasksOf(client: Client, { commands, ids }: Work): Promise<readonly Task[]> {
  const found: Task[] = []
  // All at once, since tasks move on while they are listed.
  const listings = commands.map(async (command) => {
    for await (const task of client.listAll({ command, limit: pageTasks })) {
      if (ids.has(task.id)) found.push(task)
      if (found.length === ids.size) return
    }
  })
  await Promise.all(listings)
  return found
}

function countsOf(tasks: readonly Task[]): Pick<Snapshot, 'ended' | 'failed' | 'running'> {
  const running = tasks.filter(({ status }) => status === 'running')
  return {
    ended: tasks.filter(({ stoppedAt }) => stoppedAt !== undefined).length,
    failed: tasks.filter(({ status }) => status === 'failed').length,
    running: running.map(({ subject, command, progress }) => ({
      label: subject ?? command,
      percent: progress?.percent ?? 0,
      message: progress?.message ?? '',
    })),
  }
}

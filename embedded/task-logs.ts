import { join } from 'node:path'
import { createTaskLogFiles } from '#adapters/files/task-logs'
import { limits } from '#core/contract/limits'
import type { LogLine } from '#core/contract/logs'
import type { Head } from '#core/head'
import type { Log, TaskLife, TaskLogs } from '#core/ports'
import { readTaskLine } from '#core/task-line'

/**
 * The logs of tasks in the embedded hub: from what the instances that it started print, the lines that belong to a task
 * are taken, as a filter of CloudWatch does on AWS, and kept as files. A run that logs nothing costs nothing, and one
 * that logs does not wait.
 */
export interface EmbeddedTaskLogs {
  readonly port: TaskLogs
  readonly take: (worker: string, printed: string) => void
  /** Resolves when what was taken is in its files. */
  readonly settled: () => Promise<void>
}

export interface TaskLogsOptions {
  /** The hub's data folder. */
  readonly folder: string
  readonly log: Log
  readonly now: () => number
  readonly readHead: (taskId: string) => Promise<Pick<Head, 'born' | 'worker'> | undefined>
}

/** Tasks whose life is remembered, so that not every line reads a head. */
const livesMost = 1_000
/** A full disk fails with every line: so many are told, the rest would only fill the hub's own log. */
const failuresTold = 5

interface Found {
  readonly life: TaskLife
  readonly worker: string
}

export function openTaskLogs({ folder, log, now, readHead }: TaskLogsOptions): EmbeddedTaskLogs {
  const lives = new Map<string, Promise<Found | undefined>>()
  let failures = 0
  const files = createTaskLogFiles({
    folder: join(folder, 'logs'),
    bytesMost: limits.taskLogBytes,
    onFailed: (error) => {
      if (failures++ < failuresTold) log.warn('task-logs.failed', { error: String(error) })
    },
  })

  async function find(taskId: string): Promise<Found | undefined> {
    const head = await readHead(taskId)
    return head === undefined ? undefined : { life: { id: taskId, born: head.born }, worker: head.worker }
  }

  function lifeOf(taskId: string): Promise<Found | undefined> {
    const known = lives.get(taskId)
    if (known !== undefined) return known
    const finding = find(taskId).catch(() => undefined)
    lives.set(taskId, finding)
    for (const oldest of lives.keys()) {
      if (lives.size <= livesMost) break
      lives.delete(oldest)
    }
    return finding
  }

  async function keep(taskId: string, worker: string, line: LogLine): Promise<void> {
    // One promise a task: its lines go on in the order in which they came.
    const found = await lifeOf(taskId)
    if (found === undefined) lives.delete(taskId)
    // No worker writes into the logs of another one's tasks.
    else if (found.worker === worker) files.append(found.life, line)
  }

  return {
    take: (worker, printed) => {
      const read = readTaskLine(printed)
      if (read === undefined) return
      const { taskId, level, text, run } = read
      void keep(taskId, worker, {
        at: new Date(now()).toISOString(),
        level,
        text,
        ...(run === undefined ? {} : { run }),
      })
    },
    port: {
      read: async (life, range) => {
        await lives.get(life.id)
        return files.read(life, range)
      },
      remove: (life) => {
        // Its id may come back as another life.
        lives.delete(life.id)
        return files.remove(life)
      },
    },
    settled: async () => {
      await Promise.all(lives.values())
      await files.settled()
    },
  }
}

import type { Command } from 'commander'
import type { Task } from '../../../core/contract/task.ts'
import type { Client } from '../../client.ts'
import { TaskuraiError } from '../../error.ts'
import type { HubFlags } from '../connect.ts'
import { exitOfError, wrongCall } from '../exit.ts'
import { errorJson, errorText } from '../report-error.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { taskDetails, taskLine } from '../show-task.ts'
import { readNumber } from '../values.ts'
import { waitForTask } from '../wait-for-task.ts'

interface GetFlags extends HubFlags {
  readonly wait?: boolean
  readonly waitSeconds?: string
}

const secondsMost = 366 * 86_400
const idsMost = 1_000

export function addGet(program: Command, session: Session): void {
  withHubOptions(program.command('get'))
    .description('show a task')
    .argument('<id>', 'the id of the task')
    .option('--wait', 'wait until it ends and exit by how it ended')
    .option('--wait-seconds <n>', 'wait for so long at most')
    .action(async (id: string, flags: GetFlags) => {
      const { waitSeconds } = flags
      const timeoutSeconds =
        waitSeconds === undefined
          ? undefined
          : readNumber(waitSeconds, { option: '--wait-seconds', least: 0, most: secondsMost })
      const { output, ...connected } = await openHub(session, flags)
      if (flags.wait === true || timeoutSeconds !== undefined) {
        session.exitCode = await waitForTask({ id }, { output, connected, timeoutSeconds })
        return
      }
      const task = await connected.client.get(id)
      await (output.isJson ? output.printJson(task) : output.print(taskDetails(task)))
    })
}

interface ReasonFlags extends HubFlags {
  readonly reason?: string
}

export function addCancel(program: Command, session: Session): void {
  addMove(program, session, {
    verb: 'cancel',
    description: 'cancel tasks; those that run are asked to stop',
    move: (client, id, why) => client.cancel(id, why),
  })
}

export function addRetry(program: Command, session: Session): void {
  addMove(program, session, {
    verb: 'retry',
    description: 'run ended tasks again',
    move: (client, id, why) => client.retry(id, why),
  })
}

interface Move {
  readonly verb: string
  readonly description: string
  readonly move: (client: Client, id: string, why: { readonly reason?: string }) => Promise<Task>
}

function addMove(program: Command, session: Session, { verb, description, move }: Move): void {
  withHubOptions(program.command(verb))
    .description(description)
    .argument('<ids...>', 'the ids of the tasks')
    .option('--reason <text>', 'why, for the history of the task')
    .action(async (ids: readonly string[], flags: ReasonFlags) => {
      if (ids.length > idsMost) throw wrongCall(`At most ${idsMost} ids at once.`)
      const { client, output } = await openHub(session, flags)
      const why = flags.reason === undefined ? {} : { reason: flags.reason }
      const tasks: Task[] = []
      const errors: unknown[] = []
      for (const id of ids) {
        try {
          const task = await move(client, id, why)
          tasks.push(task)
          if (!output.isJson) await output.print(taskLine(task))
        } catch (error) {
          // One refused task must not keep the others from being tried; a hub that is away ends it all.
          if (!(error instanceof TaskuraiError) || error.status === undefined) throw error
          errors.push({ id, ...errorJson(error) })
          session.exitCode ||= exitOfError(error)
          if (!output.isJson) await output.say(`${id}: ${errorText(error)}`)
        }
      }
      if (output.isJson) await output.printJson({ tasks, ...(errors.length === 0 ? {} : { errors }) })
    })
}

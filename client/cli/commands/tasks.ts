import type { Command } from 'commander'
import type { Task } from '../../../core/contract/task.ts'
import type { Client } from '../../client.ts'
import { TaskuraiError } from '../../error.ts'
import type { HubFlags } from '../connect.ts'
import { exitOfError, wrongCall } from '../exit.ts'
import { type Explanation, explain } from '../help.ts'
import { errorJson, errorText } from '../report-error.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { stepsIfAny } from '../show-flow.ts'
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
  const command = program
    .command('get')
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
      if (output.isJson) return output.printJson(task)
      await output.print(taskDetails(task, await stepsIfAny(connected.client, task)))
    })
  explain(withHubOptions(command), {
    summary: 'show a task',
    about: 'Shows all there is to know of a task: where it stands and why, what it was asked, what came of it.',
    examples: [
      ['taskurai get 01K9Z0000000000000000000AB', 'as it stands'],
      ['taskurai get 01K9… --wait', 'once it has ended'],
      ['taskurai get 01K9… --json | jq .result.output', 'for a program'],
    ],
  })
}

interface ReasonFlags extends HubFlags {
  readonly reason?: string
}

export function addCancel(program: Command, session: Session): void {
  addMove(program, session, {
    verb: 'cancel',
    explanation: {
      summary: 'cancel tasks; those that run are asked to stop',
      examples: [
        ['taskurai cancel 01K9… --reason "ordered twice"', 'one task'],
        ['taskurai list --status queued --all --json | jq -r .id | xargs taskurai cancel', 'all that wait'],
      ],
    },
    move: (client, id, why) => client.cancel(id, why),
  })
}

export function addRetry(program: Command, session: Session): void {
  addMove(program, session, {
    verb: 'retry',
    explanation: {
      summary: 'run failed, canceled or expired tasks again',
      examples: [
        ['taskurai retry 01K9…', 'one task'],
        ['taskurai list --status failed --all --json | jq -r .id | xargs taskurai retry', 'all that failed'],
      ],
    },
    move: (client, id, why) => client.retry(id, why),
  })
}

interface Move {
  readonly verb: string
  readonly explanation: Explanation
  readonly move: (client: Client, id: string, why: { readonly reason?: string }) => Promise<Task>
}

function addMove(program: Command, session: Session, { verb, explanation, move }: Move): void {
  const command = program
    .command(verb)
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
  explain(withHubOptions(command), explanation)
}

import type { Command } from 'commander'
import type { BulkAction } from '../../../core/contract/bulk.ts'
import type { HubFlags } from '../connect.ts'
import { wrongCall } from '../exit.ts'
import { type FilterFlags, readFilter, withFilterOptions } from '../filter.ts'
import { type Explanation, explain } from '../help.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { taskLine } from '../show-task.ts'
import { waitForTask } from '../wait-for-task.ts'

/** Many tasks by one call. Nothing is asked back: what it will do is said, and it is a task that can be canceled. */

interface BulkFlags extends HubFlags, FilterFlags {
  readonly dryRun?: boolean
  readonly wait?: boolean
  readonly reason?: string
}

const verbs: Readonly<Record<BulkAction, { readonly does: string; readonly explanation: Explanation }>> = {
  cancel: {
    does: 'Cancels',
    explanation: {
      summary: 'cancel all tasks that are open and fit',
      about: 'Cancels all open tasks that fit, as cancel does it for one: those that run are asked to stop.',
      examples: [
        ['taskurai bulk cancel --command order.mail --status queued --reason "sent twice"', 'all that wait'],
        ['taskurai bulk cancel --account a-17 --dry-run --wait', 'only count them'],
      ],
    },
  },
  retry: {
    does: 'Runs again',
    explanation: {
      summary: 'run all failed, canceled or expired tasks again that fit',
      about: 'Runs tasks again that failed, were canceled or expired before this call; each is begun anew once.',
      examples: [
        [
          'taskurai bulk retry --status failed --command order.confirm --from 2026-11-30 --wait',
          'what failed since a day',
        ],
        ['taskurai bulk retry --status failed --tag region:eu', 'by a tag'],
      ],
    },
  },
  erase: {
    does: 'Deletes',
    explanation: {
      summary: 'delete all ended tasks that fit, with their files and logs',
      about: `Deletes tasks that have ended, with all that is kept of them, before their retention is over. Those that are
open are left and counted: cancel them first. What is deleted is gone.`,
      examples: [
        ['taskurai bulk erase --user u-8472 --dry-run --wait', 'what would go'],
        ['taskurai bulk erase --user u-8472 --wait', 'all that is known of a person'],
      ],
    },
  },
}

export function addBulk(program: Command, session: Session): void {
  const bulk = program.command('bulk')
  explain(bulk, {
    summary: 'cancel, retry or erase many tasks',
    about: `Does to all tasks that fit what cancel and retry do to one, or deletes them. The hub works it off by itself, as a
task: watch shows how far it is, cancel stops it.`,
    examples: [
      ['taskurai bulk retry --status failed --command order.confirm --wait', 'run again what failed'],
      ['taskurai bulk erase --user u-8472 --dry-run --wait', 'count what would be deleted'],
    ],
  })
  for (const action of ['cancel', 'retry', 'erase'] as const) addVerb(bulk, session, action)
}

function addVerb(bulk: Command, session: Session, action: BulkAction): void {
  const { does, explanation } = verbs[action]
  const command = withFilterOptions(bulk.command(action))
    .option('--dry-run', 'change nothing: count, and name the first ids')
    .option('--reason <text>', 'why, for the history of each task')
    .option('--wait', 'wait until all is done, and print the counts')
    .action(async (flags: BulkFlags) => {
      const filter = readFilter(flags)
      if (Object.keys(filter).length === 0) {
        throw wrongCall(
          'Name at least one of --command, --status, --tag, --external-id, --user, --account, --correlation, --from, --to.',
        )
      }
      const { output, ...connected } = await openHub(session, flags)
      const isDry = flags.dryRun === true
      await output.say(`${isDry ? 'Counts only. ' : ''}${does} every task with ${words(filter)}`)
      const { reason } = flags
      const task = await connected.client.bulk({
        action,
        filter,
        ...(isDry ? { dryRun: true } : {}),
        ...(reason === undefined ? {} : { reason }),
      })
      if (flags.wait === true) {
        session.exitCode = await waitForTask(task, { output, connected, timeoutSeconds: undefined })
        return
      }
      if (output.isJson) return output.printJson(task)
      await output.print(taskLine(task))
      await output.say(`Follow it with: taskurai watch ${task.id}   Stop it with: taskurai cancel ${task.id}`)
    })
  explain(withHubOptions(command), explanation)
}

/** `command order.mail, status queued, tags desk:two`. */
function words(filter: object): string {
  return Object.entries(filter)
    .map(([name, value]) => {
      const isTags = typeof value === 'object' && value !== null
      return `${name} ${
        isTags
          ? Object.entries(value)
              .map((tag) => tag.join(':'))
              .join(' ')
          : value
      }`
    })
    .join(', ')
}

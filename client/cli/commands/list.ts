import type { Command } from 'commander'
import type { TaskQuery } from '../../client.ts'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import { type PageFlags, printAllPages, printPage, readPage, withPageOptions } from '../pages.ts'
import { choice, openHub, type Session, withHubOptions } from '../session.ts'
import { statuses } from '../show-task.ts'
import { readInstant, readStatus } from '../values.ts'

interface ListFlags extends HubFlags, PageFlags {
  readonly command?: string
  readonly status?: string
  readonly from?: string
  readonly to?: string
}

export function addList(program: Command, session: Session): void {
  const command = program
    .command('list')
    .option('--command <name>', 'only this command')
    .addOption(choice('--status <status>', 'only this status', statuses))
    .option('--from <instant>', 'created at or after')
    .option('--to <instant>', 'created before')
    .action(async (flags: ListFlags) => {
      const query = readQuery(flags)
      const page = readPage(flags)
      const { client, output } = await openHub(session, flags)
      const print = flags.all === true ? printAllPages : printPage
      await print(output, page, (at) => client.list({ ...query, ...at }))
    })
  explain(withHubOptions(withPageOptions(command)), {
    summary: 'list tasks, newest first',
    examples: [
      ['taskurai list --status failed', 'the newest that failed'],
      ['taskurai list --command order.confirm --from 2026-11-30', 'of one command, since a day'],
      ['taskurai list --all --json | jq -r .id', 'every id'],
    ],
  })
}

function readQuery({ command, status, from, to }: ListFlags): TaskQuery {
  return {
    command,
    ...(status === undefined ? {} : { status: readStatus(status) }),
    ...(from === undefined ? {} : { from: readInstant(from, '--from') }),
    ...(to === undefined ? {} : { to: readInstant(to, '--to') }),
  }
}

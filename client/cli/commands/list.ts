import type { Command } from 'commander'
import type { HubFlags } from '../connect.ts'
import { type FilterFlags, readFilter, withFilterOptions } from '../filter.ts'
import { explain } from '../help.ts'
import { type PageFlags, printAllPages, printPage, readPage, withPageOptions } from '../pages.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'

interface ListFlags extends HubFlags, PageFlags, FilterFlags {}

export function addList(program: Command, session: Session): void {
  const command = withFilterOptions(program.command('list')).action(async (flags: ListFlags) => {
    const filter = readFilter(flags)
    const page = readPage(flags)
    const { client, output } = await openHub(session, flags)
    const print = flags.all === true ? printAllPages : printPage
    await print(output, page, (at) => client.list({ ...filter, ...at }))
  })
  explain(withHubOptions(withPageOptions(command)), {
    summary: 'list tasks, newest first',
    about: `Lists tasks, newest first; what several options name must all hold. Tasks are found by their command, external id,
user, account, correlation id and tags; name the tag first that the fewest have. A page may be short, even empty, and
still have others behind it.`,
    examples: [
      ['taskurai list --status failed', 'the newest that failed'],
      ['taskurai list --command order.confirm --from 2026-11-30', 'of one command, since a day'],
      ['taskurai list --external-id 10248', 'all that was done for an order'],
      ['taskurai list --tag desk:two --tag region:eu', 'by tags'],
      ['taskurai list --all --json | jq -r .id', 'every id'],
    ],
  })
}

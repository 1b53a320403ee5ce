import type { Command } from 'commander'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import { type PageFlags, printAllPages, printPage, readPage, withPageOptions } from '../pages.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'

export function addChildren(program: Command, session: Session): void {
  const command = program
    .command('children')
    .argument('<id>', 'the id of the parent')
    .action(async (id: string, flags: HubFlags & PageFlags) => {
      const page = readPage(flags)
      const { client, output } = await openHub(session, flags)
      const print = flags.all === true ? printAllPages : printPage
      await print(output, page, (at) => client.children(id, at))
    })
  explain(withHubOptions(withPageOptions(command)), {
    summary: 'list the sub tasks of a task',
    about: `Lists the sub tasks that a task made by ctx.call and ctx.create, step by step and in their order. Sub tasks of a
sub task are listed under its own id; watch draws all of them as a tree.`,
    examples: [
      ['taskurai children 01K9Z0000000000000000000AB', 'the first of them'],
      ['taskurai children 01K9… --all', 'all'],
      [`taskurai children 01K9… --all --json | jq -r 'select(.status == "failed").id'`, 'those that failed'],
    ],
  })
}

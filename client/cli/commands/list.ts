import type { Command } from 'commander'
import { limits } from '../../../core/contract/limits.ts'
import type { Task } from '../../../core/contract/task.ts'
import type { Client, TaskQuery } from '../../client.ts'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import type { Output } from '../output.ts'
import { choice, openHub, type Session, withHubOptions } from '../session.ts'
import { statuses, taskColumns, taskRow } from '../show-task.ts'
import { renderTable } from '../table.ts'
import { readInstant, readNumber, readStatus } from '../values.ts'

interface ListFlags extends HubFlags {
  readonly command?: string
  readonly status?: string
  readonly from?: string
  readonly to?: string
  readonly cursor?: string
  readonly limit?: string
  readonly all?: boolean
}

const pagesMost = 1_000_000

export function addList(program: Command, session: Session): void {
  const command = program
    .command('list')
    .option('--command <name>', 'only this command')
    .addOption(choice('--status <status>', 'only this status', statuses))
    .option('--from <instant>', 'created at or after')
    .option('--to <instant>', 'created before')
    .option('--limit <n>', `tasks on a page, at most ${limits.listPage}`)
    .option('--cursor <cursor>', 'go on where a page ended')
    .option('--all', 'all pages; with --json one task a line')
    .action(async (flags: ListFlags) => {
      const query = readQuery(flags)
      const { client, output } = await openHub(session, flags)
      await (flags.all === true ? listAll(client, output, query) : listPage(client, output, query))
    })
  explain(withHubOptions(command), {
    summary: 'list tasks, newest first',
    examples: [
      ['taskurai list --status failed', 'the newest that failed'],
      ['taskurai list --command order.confirm --from 2026-11-30', 'of one command, since a day'],
      ['taskurai list --all --json | jq -r .id', 'every id'],
    ],
  })
}

function readQuery({ command, status, from, to, cursor, limit, all }: ListFlags): TaskQuery {
  const pageSize = all === true ? String(limits.listPage) : undefined
  const size = limit ?? pageSize
  return {
    command,
    ...(cursor === undefined ? {} : { cursor }),
    ...(status === undefined ? {} : { status: readStatus(status) }),
    ...(from === undefined ? {} : { from: readInstant(from, '--from') }),
    ...(to === undefined ? {} : { to: readInstant(to, '--to') }),
    ...(size === undefined ? {} : { limit: readNumber(size, { option: '--limit', least: 1, most: limits.listPage }) }),
  }
}

async function listPage(client: Client, output: Output, query: TaskQuery): Promise<void> {
  const page = await client.list(query)
  if (output.isJson) return output.printJson(page)
  await printRows(output, page.tasks, undefined)
  if (page.cursor !== undefined) await output.say(`There are more: add --cursor ${page.cursor}, or --all.`)
}

async function listAll(client: Client, output: Output, query: TaskQuery): Promise<void> {
  let widths: readonly number[] | undefined
  let cursor = query.cursor
  for (let pages = 0; pages < pagesMost && output.isOpen(); pages++) {
    const page = await client.list({ ...query, ...(cursor === undefined ? {} : { cursor }) })
    if (output.isJson) for (const task of page.tasks) await output.printJson(task, 'line')
    else if (pages === 0 || page.tasks.length > 0) widths = await printRows(output, page.tasks, widths)
    cursor = page.cursor
    if (cursor === undefined) return
  }
}

async function printRows(
  output: Output,
  tasks: readonly Task[],
  widths: readonly number[] | undefined,
): Promise<readonly number[]> {
  const columns = taskColumns(output)
  const table = renderTable({ columns, rows: tasks.map(taskRow), width: output.width, widths })
  await output.print(table.text)
  return table.widths
}

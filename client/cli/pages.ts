import type { Command } from 'commander'
import { limits } from '../../core/contract/limits.ts'
import type { Task } from '../../core/contract/task.ts'
import type { TaskPage } from '../flow.ts'
import type { Output } from './output.ts'
import { taskColumns, taskRow } from './show-task.ts'
import { renderTable } from './table.ts'
import { readNumber } from './values.ts'

/** Lists that come page by page, in tables or as JSON. */

export interface PageFlags {
  readonly cursor?: string
  readonly limit?: string
  readonly all?: boolean
}

export interface PageAsk {
  readonly cursor?: string
  readonly limit?: number
}

export type PageAt = (ask: PageAsk) => Promise<TaskPage>

const pagesMost = 1_000_000

export function withPageOptions(command: Command): Command {
  return command
    .option('--limit <n>', `tasks on a page, at most ${limits.listPage}`)
    .option('--cursor <cursor>', 'go on where a page ended')
    .option('--all', 'all pages; with --json one task a line')
}

export function readPage({ cursor, limit, all }: PageFlags): PageAsk {
  const size = limit ?? (all === true ? String(limits.listPage) : undefined)
  return {
    ...(cursor === undefined ? {} : { cursor }),
    ...(size === undefined ? {} : { limit: readNumber(size, { option: '--limit', least: 1, most: limits.listPage }) }),
  }
}

export async function printPage(output: Output, ask: PageAsk, pageAt: PageAt): Promise<void> {
  const page = await pageAt(ask)
  if (output.isJson) return output.printJson(page)
  await printRows(output, page.tasks, undefined)
  if (page.cursor !== undefined) await output.say(`There are more: add --cursor ${page.cursor}, or --all.`)
}

/** All pages in one table; with --json one task a line. */
export async function printAllPages(output: Output, ask: PageAsk, pageAt: PageAt): Promise<void> {
  let widths: readonly number[] | undefined
  let at = ask
  for (let pages = 0; pages < pagesMost && output.isOpen(); pages++) {
    const { tasks, cursor } = await pageAt(at)
    if (output.isJson) for (const task of tasks) await output.printJson(task, 'line')
    else if (pages === 0 || tasks.length > 0) widths = await printRows(output, tasks, widths)
    if (cursor === undefined) return
    at = { ...ask, cursor }
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

import type { Command } from 'commander'
import type { TaskFilter } from '../task-query.ts'
import { wrongCall } from './exit.ts'
import { choice, collect } from './session.ts'
import { statuses } from './show-task.ts'
import { readInstant, readStatus } from './values.ts'

/** The options that choose tasks, the same for lists and for bulk. */

export interface FilterFlags {
  readonly command?: string
  readonly status?: string
  readonly tag?: readonly string[]
  readonly externalId?: string
  readonly user?: string
  readonly account?: string
  readonly correlation?: string
  readonly from?: string
  readonly to?: string
}

export function withFilterOptions(command: Command): Command {
  return command
    .option('--command <name>', 'only this command')
    .addOption(choice('--status <status>', 'only this status', statuses))
    .option('--tag <key:value>', 'only with this tag; may be repeated, all must hold', collect)
    .option('--external-id <id>', 'only with this external id')
    .option('--user <id>', 'only of this user')
    .option('--account <id>', 'only of this account')
    .option('--correlation <id>', 'only what belongs together under this correlation id')
    .option('--from <instant>', 'created at or after')
    .option('--to <instant>', 'created before')
}

/** Fields that were not named are absent. */
export function readFilter(flags: FilterFlags): TaskFilter {
  const { command, status, tag, externalId, user, account, correlation, from, to } = flags
  const filter = {
    command,
    status: status === undefined ? undefined : readStatus(status),
    tags: readTagFilter(tag),
    externalId,
    userId: user,
    accountId: account,
    correlationId: correlation,
    from: from === undefined ? undefined : readInstant(from, '--from'),
    to: to === undefined ? undefined : readInstant(to, '--to'),
  }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

/** `key:value` as in the API, or `key=value` as submit takes it: whichever sign comes first. */
function readTagFilter(tags: readonly string[] | undefined): Readonly<Record<string, string>> | undefined {
  if (tags === undefined || tags.length === 0) return undefined
  const pairs = tags.map((tag): [string, string] => {
    const at = tag.search(/[:=]/)
    if (at <= 0) throw wrongCall(`The tag '${tag}' should be key:value.`)
    return [tag.slice(0, at), tag.slice(at + 1)]
  })
  if (new Set(pairs.map(([key]) => key)).size < pairs.length)
    throw wrongCall('A tag has one value: name each key once.')
  return Object.fromEntries(pairs)
}

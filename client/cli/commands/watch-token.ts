import type { Command } from 'commander'
import type { WatchView } from '../../../core/contract/live.ts'
import type { Watched } from '../../watch-tokens.ts'
import type { HubFlags } from '../connect.ts'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { choice, openHub, type Session, withHubOptions } from '../session.ts'
import { renderPairs } from '../table.ts'
import { toSeconds } from '../times.ts'
import { readSpan } from '../values.ts'

interface WatchTokenFlags extends HubFlags {
  readonly user?: string
  readonly account?: string
  readonly correlation?: string
  readonly expires?: string
  readonly view?: string
  readonly revoke?: string
}

const views: readonly WatchView[] = ['outline', 'full']

export function addWatchToken(program: Command, session: Session): void {
  const command = program
    .command('watch-token')
    .argument('[id]', 'the id of the task')
    .option('--user <id>', 'instead of a task: all tasks of this user')
    .option('--account <id>', 'instead of a task: all tasks of this account')
    .option('--correlation <id>', 'instead of a task: all that belongs together under this correlation id')
    .option('--expires <span>', 'how long it is good for: 90s, 10m, 2h, 7d (1h)')
    .addOption(choice('--view <view>', 'outline is for end users; full is the envelope as get shows it', views))
    .option('--revoke <token-id>', 'take a token back, and close what is open with it')
    .action(async (id: string | undefined, flags: WatchTokenFlags) => {
      if (flags.revoke !== undefined) return revoke(session, flags, flags.revoke, id)
      const watched = readWatched(id, flags)
      const options = { expiresInSeconds: readSpan(flags.expires, '--expires'), view: readView(flags.view) }
      const { client, output } = await openHub(session, flags)
      const made = await client.watchToken(watched, options)
      if (output.isJson) return output.printJson(made)
      await output.print(
        renderPairs([
          ['url', made.url],
          ['expires', toSeconds(made.expiresAt)],
          ['token id', made.id],
        ]),
      )
    })
  explain(withHubOptions(command), {
    summary: 'an address by which a browser may watch, without a key',
    about: `Makes an address by which a browser without a key may watch a task, or all tasks of a user, an account or a
correlation, for a while. Whoever has the address sees what it shows: hand it on as you would a password. It is told once.`,
    examples: [
      ['taskurai watch-token 01K9Z0000000000000000000AB', 'for an hour'],
      ['taskurai watch-token --user u-8472 --expires 10m --json | jq -r .url', 'all tasks of a user'],
      ['taskurai watch-token --revoke 01K9Z0000000000000000000WT', 'taken back'],
    ],
  })
}

async function revoke(
  session: Session,
  flags: WatchTokenFlags,
  tokenId: string,
  id: string | undefined,
): Promise<void> {
  const { user, account, correlation, expires, view } = flags
  if ([id, user, account, correlation, expires, view].some((given) => given !== undefined)) {
    throw wrongCall('--revoke stands alone: give the id of the token, and nothing else.')
  }
  const { client, output } = await openHub(session, flags)
  await client.revokeWatchToken(tokenId)
  await (output.isJson ? output.printJson({ id: tokenId }) : output.print(`${tokenId} is revoked`))
}

function readWatched(id: string | undefined, { user, account, correlation }: WatchTokenFlags): Watched {
  const given: readonly (Watched | undefined)[] = [
    id,
    user === undefined ? undefined : { userId: user },
    account === undefined ? undefined : { accountId: account },
    correlation === undefined ? undefined : { correlationId: correlation },
  ]
  const [watched, ...more] = given.filter((each) => each !== undefined)
  if (watched !== undefined && more.length === 0) return watched
  throw wrongCall('Give the id of a task, or one of --user, --account and --correlation.')
}

function readView(text: string | undefined): WatchView | undefined {
  const view = views.find((each) => each === text)
  if (text !== undefined && view === undefined)
    throw wrongCall(`--view '${text}' should be one of ${views.join(', ')}.`)
  return view
}

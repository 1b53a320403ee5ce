import type { Command } from 'commander'
import type { Task } from '../../../core/contract/task.ts'
import { TaskuraiError } from '../../error.ts'
import type { HubFlags } from '../connect.ts'
import { exitOfError, exitOfTask, wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { errorJson, errorText } from '../report-error.ts'
import { choice, type Hub, openHub, type Session, withHubOptions } from '../session.ts'
import { statuses } from '../show-task.ts'
import { readNumber, readStatus } from '../values.ts'
import { type Below, createLookBelow } from '../watch/children.ts'
import { changeLine, drawNodes } from '../watch/draw.ts'
import { follow } from '../watch/follow.ts'
import { createLive } from '../watch/live.ts'
import { treeOf } from '../watch/tree.ts'

interface WatchFlags extends HubFlags {
  readonly command?: string
  readonly status?: string
  readonly limit?: string
  readonly waitSeconds?: string
}

/** Each watched task is one call that the hub holds. */
const tasksMost = 100
const listDefault = 20
const secondsMost = 366 * 86_400

export function addWatch(program: Command, session: Session): void {
  const command = program
    .command('watch')
    .argument('[ids...]', 'the ids of the tasks')
    .option('--command <name>', 'instead of ids: the newest tasks of this command')
    .addOption(choice('--status <status>', 'instead of ids: the newest tasks that have this status now', statuses))
    .option('--limit <n>', `of those, so many at most (${listDefault}, at most ${tasksMost})`)
    .option('--wait-seconds <n>', 'watch for so long at most')
    .action(async (ids: readonly string[], flags: WatchFlags) => {
      session.exitCode = await watch(session, ids, flags)
    })
  explain(withHubOptions(command), {
    summary: 'watch tasks until they have ended',
    about: `Watches tasks until they have ended, and exits by how they ended: of several by the first that did not succeed.
On a terminal a bar for each task shows its progress, sub tasks as a tree under it; elsewhere each change is a line; with
--json each change is a task as JSON, one a line. To stop watching does not stop the task.`,
    examples: [
      ['taskurai watch 01K9Z0000000000000000000AB', 'one task'],
      ['taskurai watch --status running', 'all that run now'],
      ['taskurai watch 01K9… --json | jq .progress', 'for a program'],
    ],
  })
}

async function watch(session: Session, given: readonly string[], flags: WatchFlags): Promise<number> {
  const waitSeconds =
    flags.waitSeconds === undefined
      ? undefined
      : readNumber(flags.waitSeconds, { option: '--wait-seconds', least: 0, most: secondsMost })
  const query = readList(given, flags)
  const hub = await openHub(session, flags)
  const ids = query === undefined ? [...new Set(given)] : (await hub.client.list(query)).tasks.map(({ id }) => id)
  if (ids.length === 0) {
    await hub.output.say('There is no such task now: nothing to watch.')
    return 0
  }
  const screen = createScreen(hub, ids)
  const now = hub.line.system.now()
  const until = waitSeconds === undefined ? undefined : now + waitSeconds * 1_000
  const ends = await Promise.all(ids.map((id) => watchOne({ hub, screen, id, until, isOnly: ids.length === 1 })))
  if (ends.includes(exitOfTask('running'))) await hub.output.say('Still going on when the wait was over.')
  return ends.find((code) => code !== 0) ?? 0
}

function readList(ids: readonly string[], { command, status, limit }: WatchFlags) {
  const isList = command !== undefined || status !== undefined
  if (isList === ids.length > 0) throw wrongCall('Give ids, or --command or --status, and not both.')
  if (ids.length > tasksMost) throw wrongCall(`At most ${tasksMost} tasks can be watched at once.`)
  if (!isList) {
    if (limit !== undefined) throw wrongCall('--limit is for --command and --status.')
    return undefined
  }
  return {
    command,
    limit: limit === undefined ? listDefault : readNumber(limit, { option: '--limit', least: 1, most: tasksMost }),
    ...(status === undefined ? {} : { status: readStatus(status) }),
  }
}

interface WatchOne {
  readonly hub: Hub
  readonly screen: Screen
  readonly id: string
  readonly until: number | undefined
  readonly isOnly: boolean
}

async function watchOne({ hub, screen, id, until, isOnly }: WatchOne): Promise<number> {
  const { line, output } = hub
  try {
    const last = await follow({ line, id, until, onLook: screen.look, isWanted: output.isOpen })
    return exitOfTask(last.status)
  } catch (error) {
    // One task that cannot be seen must not end the watch of the others; a hub that is away ends it all.
    if (isOnly || !(error instanceof TaskuraiError) || error.status === undefined) throw error
    await output.say(output.isJson ? JSON.stringify({ id, ...errorJson(error) }) : `${id}: ${errorText(error)}`)
    return exitOfError(error)
  }
}

interface Screen {
  readonly look: (task: Task) => Promise<void>
}

function createScreen(hub: Hub, ids: readonly string[]): Screen {
  return hub.output.isLive ? liveScreen(hub, ids) : lineScreen(hub)
}

/** Each change a line. */
function lineScreen({ output }: Hub): Screen {
  const said = new Map<string, string>()
  return {
    look: async (task) => {
      const text = output.isJson ? JSON.stringify(task) : changeLine(task)
      if (said.get(task.id) === text) return
      said.set(task.id, text)
      await (output.isJson ? output.printJson(task, 'line') : output.print(text))
    },
  }
}

function liveScreen({ client, output, line }: Hub, ids: readonly string[]): Screen {
  const { system } = line
  const live = createLive(output)
  const lookBelow = createLookBelow(client, system)
  const seen = new Map<string, { readonly task: Task; readonly below: Below }>()
  return {
    look: async (task) => {
      seen.set(task.id, { task, below: await lookBelow(task) })
      const known = ids.flatMap((id) => seen.get(id) ?? [])
      // What was looked at itself is newer than what came as somebody's child.
      const all = [...known.flatMap((each) => [each.task, ...each.below.tasks]), ...known.map((each) => each.task)]
      const tasks = new Map(all.map((each) => [each.id, each]))
      const { width, paint } = output
      const lines = drawNodes(treeOf([...tasks.values()]), { width, paint, now: system.now() })
      await live.draw(lines, {
        count: known.reduce((sum, { below }) => sum + below.rest.count, 0),
        isMore: known.some(({ below }) => below.rest.isMore),
      })
    },
  }
}

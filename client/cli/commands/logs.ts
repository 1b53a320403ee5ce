import type { Command } from 'commander'
import { limits } from '../../../core/contract/limits.ts'
import type { LogLine, LogPage } from '../../../core/contract/logs.ts'
import { hasEnded } from '../../wait.ts'
import type { Color } from '../color.ts'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import type { Output } from '../output.ts'
import { type Hub, openHub, type Session, withHubOptions } from '../session.ts'
import { clean } from '../table.ts'
import { readNumber } from '../values.ts'

interface LogsFlags extends HubFlags {
  readonly follow?: boolean
  readonly tail?: string
}

/** Far more pages than a task's log can have, and looks than a task can live seconds. */
const pagesMost = 10_000
const looksMost = 366 * 86_400 * 4
const lookPauseMs = 250
/** The last lines of an instance take their own way to the hub, and may come just behind the task's end. */
const lateLinesMs = 500
const looksInLate = 5
const tailMost = 1_000_000

export function addLogs(program: Command, session: Session): void {
  const command = program
    .command('logs')
    .argument('<id>', 'the id of the task')
    .option('-f, --follow', 'go on with what is logged from now on, until the task has ended')
    .option('--tail <n>', 'only the last n lines of what there is')
    .action(async (id: string, flags: LogsFlags) => {
      const tail =
        flags.tail === undefined ? undefined : readNumber(flags.tail, { option: '--tail', least: 0, most: tailMost })
      const hub = await openHub(session, flags)
      const print = createPrinter(hub.output)
      const printed = await printAll(hub, id, { print, cursor: undefined, tail })
      if (flags.follow === true) return followLogs(hub, id, { print, ...printed })
      if (printed.lines === 0 && !hub.output.isJson) await hub.output.say(nothingYet)
    })
  explain(withHubOptions(command), {
    summary: 'print what the runs of a task logged',
    about: `Prints what the runs of a task logged with ctx.log or the console, oldest first: when, in which run, and the line. A
hub on one machine keeps the newest ${limits.taskLogBytes / 1_048_576} MiB of each task, from the instances that it started itself, and
removes them with the task. A hub in an account reads the log group of the worker, which forgets by its own retention
and may be some seconds late. With --json each line is an object of its own.`,
    examples: [
      ['taskurai logs 01K9Z0000000000000000000AB', 'all there is'],
      ['taskurai logs 01K9… --tail 20 --follow', 'the end, and what comes'],
      ['taskurai logs 01K9… --json | jq -r .text', 'for a program'],
    ],
  })
}

const nothingYet = `No line is kept for this task: it did not log anything, or its instance was started by hand and printed its
lines in its own terminal. (In an account lines come some seconds late, and go by the retention of the log group.)`

type Print = (page: LogPage) => Promise<void>

interface Place {
  readonly print: Print
  readonly cursor: string | undefined
  readonly tail?: number | undefined
}

interface Printed {
  readonly cursor: string | undefined
  readonly lines: number
  /** How late a line may come here. */
  readonly lateMs: number
}

/** Everything from the cursor to where the log ends now; answers where to go on. */
async function printAll({ client, output }: Hub, id: string, place: Place): Promise<Printed> {
  const { tail } = place
  let { cursor } = place
  let lines = 0
  let lateMs = lateLinesMs
  let kept: readonly LogLine[] = []
  for (let pages = 0; pages < pagesMost && output.isOpen(); pages++) {
    const page: LogPage = await client.logs(id, { cursor })
    if (tail === undefined) await place.print(page)
    else kept = tail === 0 ? [] : [...kept, ...page.lines].slice(-tail)
    lines += page.lines.length
    cursor = page.cursor ?? cursor
    lateMs = Math.max(lateMs, (page.lateSeconds ?? 0) * 1_000)
    if (page.lines.length === 0 && page.more !== true) break
  }
  if (tail !== undefined) await place.print({ lines: [...kept] })
  return { cursor, lines, lateMs }
}

async function followLogs(hub: Hub, id: string, { print, cursor, lateMs }: Place & Printed): Promise<void> {
  const { client, line, output } = hub
  const { system } = line
  /** Where lines are late, more looks would only be more calls. */
  const pauseMs = Math.max(lookPauseMs, lateMs / looksInLate)
  let at = cursor
  for (let looks = 0; looks < looksMost && output.isOpen(); looks++) {
    const lookedAt = system.now()
    const task = await client.get(id, { waitSeconds: 1 })
    if (hasEnded(task)) await system.pause(lateMs)
    at = (await printAll(hub, id, { print, cursor: at })).cursor
    if (hasEnded(task)) return
    if (system.now() - lookedAt < pauseMs) await system.pause(pauseMs)
  }
}

const colors: Readonly<Record<LogLine['level'], Color | undefined>> = { info: undefined, warn: 'yellow', error: 'red' }

function createPrinter(output: Output): Print {
  const { paint } = output
  return async ({ lines, leftOut }) => {
    if (leftOut !== undefined) {
      const said = `… ${leftOut} lines left out: a task keeps its newest ${limits.taskLogBytes} bytes`
      await output.say(output.isJson ? JSON.stringify({ leftOut }) : said)
    }
    for (const line of lines) {
      if (output.isJson) await output.printJson(line, 'line')
      else {
        const { at, level, run, text } = line
        const head = `${at}${run === undefined ? '' : `  run ${run}`}`
        const said = clean(level === 'info' ? text : `${level} ${text}`)
        await output.print(`${paint('dim', head)}  ${paint(colors[level], said)}`)
      }
    }
  }
}

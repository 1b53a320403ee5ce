import type { Task } from '../../../core/contract/task.ts'
import { hasEnded } from '../../wait.ts'
import type { Paint } from '../color.ts'
import { colorOf, nameOf } from '../show-task.ts'
import { clean, cutTo, textWidth } from '../table.ts'
import { spanText, toSeconds } from '../times.ts'
import type { Node } from './tree.ts'

/** What a watcher sees: a bar for each task on a terminal, a line for each change elsewhere. */

export interface Sheet {
  readonly width: number
  readonly paint: Paint
  readonly now: number
}

const barNarrow = 10
const barWide = 20
const wideFrom = 110
const statusWidth = 9
const idWidth = 26

/** One task gets its name above and a long bar; several get a line each. */
export function drawNodes(nodes: readonly Node[], sheet: Sheet): readonly string[] {
  const [only] = nodes
  if (only !== undefined && nodes.length === 1) return drawOne(only.task, sheet)
  return nodes.map((node) => drawLine(node, sheet))
}

function drawOne(task: Task, sheet: Sheet): readonly string[] {
  const { width, paint } = sheet
  const title = cutTo(
    clean([task.id, nameOf(task), task.subject].filter((part) => part !== undefined).join('  ')),
    width,
  )
  const barWidth = Math.max(barNarrow, Math.min(40, width - 40))
  const start = `${status(task, paint)}  ${bar(task, barWidth, paint)}  ${percentOf(task).padStart(5)}`
  const used = statusWidth + 2 + barWidth + 2 + 5
  const rest = [elapsed(task, sheet.now), noteOf(task)].filter((part) => part !== '').join('  ')
  return [title, start + tail(rest, width - used)]
}

function drawLine({ task, branch }: Node, sheet: Sheet): string {
  const { width, paint } = sheet
  const barWidth = width >= wideFrom ? barWide : barNarrow
  const head = `${branch}${task.id}`
  const start = `${head}  ${status(task, paint)}  ${bar(task, barWidth, paint)}  ${percentOf(task).padStart(5)}`
  const used = branch.length + idWidth + 2 + statusWidth + 2 + barWidth + 2 + 5
  const rest = [nameOf(task), elapsed(task, sheet.now), noteOf(task)].filter((part) => part !== '').join('  ')
  return start + tail(rest, width - used)
}

/** The last column is left free: a terminal may break the line there. */
function tail(text: string, room: number): string {
  return room < 8 || text === '' ? '' : `  ${cutTo(clean(text), room - 3)}`
}

function status({ status: text }: Task, paint: Paint): string {
  return paint(colorOf(text), text.padEnd(statusWidth))
}

function bar(task: Task, width: number, paint: Paint): string {
  const full = Math.round((width * shareOf(task)) / 100)
  return paint(colorOf(task.status) ?? 'dim', '━'.repeat(full)) + paint('dim', '─'.repeat(width - full))
}

function shareOf({ status: text, progress }: Task): number {
  if (text === 'succeeded') return 100
  return Math.min(100, Math.max(0, progress?.percent ?? 0))
}

function percentOf(task: Task): string {
  if (task.status !== 'succeeded' && task.progress === undefined) return ''
  return `${Math.floor(shareOf(task))} %`
}

/** How long it took, or takes so far by this machine's clock. */
function elapsed({ startedAt, stoppedAt }: Task, now: number): string {
  if (startedAt === undefined) return ''
  const until = stoppedAt === undefined ? now : Date.parse(stoppedAt)
  return spanText(Math.max(0, until - Date.parse(startedAt)))
}

/** The one thing to know beside the status: what went wrong, what it does, or why it does nothing. */
export function noteOf(task: Task): string {
  const { error, progress, waitingFor, runCount, cancelRequested } = task
  if (hasEnded(task)) return task.status === 'succeeded' || error === undefined ? '' : `${error.code}: ${error.message}`
  if (task.status !== 'running') return waitingFor?.message ?? ''
  const asked = cancelRequested === true ? 'asked to stop' : undefined
  const again = runCount > 1 ? `run ${runCount}` : undefined
  return [again, asked, progress?.message].filter((part) => part !== undefined).join(', ')
}

/** One change, for whoever reads lines: when, which, where it stands, how far. */
export function changeLine(task: Task): string {
  const parts = [toSeconds(task.modifiedAt), task.id, nameOf(task), task.status, percentOf(task), noteOf(task)]
  return clean(parts.filter((part) => part !== '').join('  '))
}

/** How many lines of the screen a drawn text takes, colours not counted. */
export function screenLines(plain: string, columns: number): number {
  return Math.max(1, Math.ceil(textWidth(plain) / columns))
}

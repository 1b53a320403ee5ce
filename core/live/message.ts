import { limits } from '../contract/limits.ts'
import type { TaskMessage, TaskOutline } from '../contract/live.ts'
import type { Task } from '../contract/task.ts'
import type { Version } from '../head.ts'

/** What is left out where a message would be too long, in this order: what is said last matters most while one waits. */
const omissible = [
  ['result', 'output'],
  ['arguments'],
  ['result', 'messages'],
  ['error', 'details'],
  ['history'],
  ['tags'],
  ['description'],
  ['files'],
  ['result', 'files'],
] as const

/** A `history` is part of every full envelope: what is left out is its lines. */
const emptied: Readonly<Record<string, unknown>> = { history: [] }

/** One state of a task as a watcher reads it, of so many bytes at most. */
export function taskMessage(task: Task | TaskOutline, version: Version): string {
  const message: TaskMessage = { type: 'task', task, version: versionText(version) }
  const whole = JSON.stringify(message)
  return fits(whole) ? whole : shortened(message)
}

const nDigits = 10

/** Orders the states of a task, as text, in one life and over several. */
export function versionText({ born, n }: Version): string {
  return `${born}.${String(n).padStart(nDigits, '0')}`
}

function shortened(message: TaskMessage): string {
  const omitted: string[] = []
  let task: unknown = message.task
  for (const path of omissible) {
    const next = without(task, path)
    if (next === undefined) continue
    task = next
    omitted.push(`/${path.join('/')}`)
    const text = JSON.stringify({ ...message, task, omitted })
    if (fits(text)) return text
  }
  throw new Error('live: a task without all that may be left out is still too long for a message')
}

function without(task: unknown, [field, inner]: readonly [string, string?]): unknown {
  const whole = task as Readonly<Record<string, unknown>>
  const { [field]: value, ...rest } = whole
  if (value === undefined) return undefined
  if (inner === undefined) return field in emptied ? { ...whole, [field]: emptied[field] } : rest
  const { [inner]: dropped, ...kept } = value as Readonly<Record<string, unknown>>
  return dropped === undefined ? undefined : { ...whole, [field]: kept }
}

const utf8 = new TextEncoder()
/** UTF-8 has three bytes at most for a unit of the text. */
const bytesOfUnitMost = 3

function fits(text: string): boolean {
  if (text.length > limits.watchMessageBytes) return false
  if (text.length * bytesOfUnitMost <= limits.watchMessageBytes) return true
  return utf8.encode(text).byteLength <= limits.watchMessageBytes
}

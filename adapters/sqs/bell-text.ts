import type { Bell } from '#core/ports'

/** How a bell travels in a message: as the JSON it is, its format number in it. */

const format = 1

export type ReadBell =
  | { readonly kind: 'bell'; readonly bell: Bell }
  /** Of a program newer than this one: another instance knows what it says. */
  | { readonly kind: 'newer' }
  | { readonly kind: 'foreign'; readonly reason: string }

export function bellText(bell: Bell): string {
  return plainText(JSON.stringify(bell))
}

export function readBell(worker: string, text: string | undefined): ReadBell {
  const said = parsed(text)
  if (said === undefined) return { kind: 'foreign', reason: 'it is no JSON object' }
  if (typeof said.format !== 'number') return { kind: 'foreign', reason: 'it has no format number' }
  if (said.format > format) return { kind: 'newer' }
  if (said.format !== format || !isBell(said)) return { kind: 'foreign', reason: 'it is no bell' }
  if (said.worker !== worker) return { kind: 'foreign', reason: `it is a bell of ${said.worker}` }
  return { kind: 'bell', bell: said }
}

/**
 * JSON in the characters that every queue takes. SQS refuses U+FFFE and U+FFFF, which a task's arguments may well hold,
 * and then the task could never be accepted; emulators refuse halves of surrogate pairs too. An escape means the same.
 */
export function plainText(json: string): string {
  return json.replaceAll(/[\uD800-\uDFFF\uFFFE\uFFFF]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
}

const groupCharsMost = 128

/** A group as SQS takes one: what it does not allow is escaped, and what is too long ends in a hash of the whole. */
export function messageGroup(group: string): string {
  const allowed = group.replaceAll(/[^!-$&-~]/g, (unit) => `%${hex(unit.charCodeAt(0), 4)}`)
  if (allowed.length <= groupCharsMost) return allowed
  const ending = `~${hex(hashOf(group), 8)}`
  return allowed.slice(0, groupCharsMost - ending.length) + ending
}

/** FNV-1a. Two long names in one group would cost nothing but fairness between the two. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

function isBell(said: Readonly<Record<string, unknown>>): said is Bell & Readonly<Record<string, unknown>> {
  const texts = [said.worker, said.taskId, said.born]
  const counts = [said.n, said.delayMs]
  return texts.every((text) => typeof text === 'string') && counts.every((count) => typeof count === 'number')
}

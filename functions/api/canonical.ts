import type { Ids } from '#core/ports'

/** Sorted keys, no spaces: the same text for the same JSON, whoever wrote it. Its depth was bounded at the door. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) {
    let text = '['
    for (let index = 0; index < value.length; index++) {
      text += index === 0 ? canonicalJson(value[index]) : `,${canonicalJson(value[index])}`
    }
    return `${text}]`
  }
  return canonicalObject(value as Readonly<Record<string, unknown>>)
}

function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  let text = '{'
  for (const key of Object.keys(value).sort()) {
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value[key])}`
  }
  return `${text}}`
}

const hashChars = 32

/**
 * What makes two requests under one key the same: the callers' own tasks before defaults, without what legitimately
 * differs when a call is made again: trace and times (protocol 29). One hash for a whole batch, so that a batch which
 * was changed anywhere meets it everywhere.
 */
export function requestHash(ids: Ids, tasks: readonly unknown[], command: string | undefined): string {
  let text = ''
  for (const task of tasks) {
    const { traceParent, startAfter, notStartAfter, ...own } = task as Readonly<Record<string, unknown>>
    text += `${canonicalJson(command === undefined ? own : { ...own, command })}\n`
  }
  return ids.sha256(text).slice(0, hashChars)
}

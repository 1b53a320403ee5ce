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
  const keys = Object.keys(value)
  if (keys.length > 1) keys.sort()
  let text = '{'
  for (const key of keys) {
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value[key])}`
  }
  return `${text}}`
}

const hashChars = 32
/** What legitimately differs when a call is made again (protocol 29). */
const ownFieldsOfEachTry = new Set(['traceParent', 'startAfter', 'notStartAfter'])

/** Two calls under one key are the same where these texts are: the caller's own task, before any default. */
export interface RequestTask {
  readonly raw: unknown
  /** The canonical JSON of its arguments, where that is known already. */
  readonly argumentsText: string | undefined
  /** The texts of fields that count by something else than what stands in the request. */
  readonly instead?: Readonly<Record<string, string>> | undefined
}

/** One hash for a whole batch, so that a batch which was changed anywhere meets it everywhere. */
export function requestHash(ids: Ids, tasks: readonly RequestTask[], command: string | undefined): string {
  let text = ''
  for (const task of tasks) text += `${requestText(task, command)}\n`
  return ids.sha256(text).slice(0, hashChars)
}

/** A command in the path says the same as one in the body. */
function requestText({ raw, argumentsText, instead }: RequestTask, pathCommand: string | undefined): string {
  const task = raw as Readonly<Record<string, unknown>>
  let text = `{"command":${JSON.stringify(pathCommand ?? task.command)}`
  for (const key of Object.keys(task).sort()) {
    if (key === 'command' || ownFieldsOfEachTry.has(key)) continue
    const known = key === 'arguments' ? argumentsText : instead?.[key]
    const value = known ?? canonicalJson(task[key])
    text += `,${JSON.stringify(key)}:${value}`
  }
  return `${text}}`
}

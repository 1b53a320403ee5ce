import { limits } from '#core/contract/limits'

/** A handler's result as JSON text, or why it has none: what JSON.stringify would drop in silence is an error here. */
export type JsonText =
  /** `isLarge`: it does not fit a message and is kept apart. */
  | { readonly ok: true; readonly text: string | undefined; readonly isLarge?: true }
  | { readonly ok: false; readonly code: 'not-json' | 'output-too-large'; readonly message: string }

export function jsonTextOf(value: unknown): JsonText {
  if (value === undefined) return { ok: true, text: undefined }
  const found = notJson(value, '', [])
  if (found !== undefined) return { ok: false, code: 'not-json', message: `The result is not JSON: ${found}` }
  let text: string
  try {
    text = JSON.stringify(value)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, code: 'not-json', message: `The result is not JSON: ${reason}` }
  }
  // A character has at most three bytes in UTF-8, so most texts need no counting.
  if (text.length * 3 > limits.outputBytes && Buffer.byteLength(text) > limits.outputBytes) {
    const bytes = Buffer.byteLength(text)
    if (bytes <= limits.apartBytes) return { ok: true, text, isLarge: true }
    const message = `The result has ${bytes} bytes of JSON, the limit apartBytes is ${limits.apartBytes}: put it as a file`
    return { ok: false, code: 'output-too-large', message }
  }
  return { ok: true, text }
}

function notJson(value: unknown, path: string, within: readonly unknown[]): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `${path || '/'} is ${value}`
    case 'object':
      return value === null ? undefined : objectNotJson(value, path, within)
    case 'undefined':
      return `${path || '/'} is undefined`
    default:
      return `${path || '/'} is a ${typeof value}`
  }
}

function objectNotJson(value: object, path: string, within: readonly unknown[]): string | undefined {
  if (within.includes(value)) return `${path || '/'} refers back to what holds it`
  if (within.length >= limits.jsonDepth) return `${path} lies deeper than ${limits.jsonDepth} levels`
  const inside = [...within, value]
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = notJson(value[index], `${path}/${index}`, inside)
      if (found !== undefined) return found
    }
    return undefined
  }
  // A Date, a URL, a Decimal: the class itself says how it looks in JSON.
  if ('toJSON' in value && typeof value.toJSON === 'function') return notJson(value.toJSON(), path, inside)
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    return `${path || '/'} is a ${Object.prototype.toString.call(value).slice(8, -1)}`
  }
  for (const [key, held] of Object.entries(value)) {
    // An absent field and one that is undefined are the same in JSON.
    const found = held === undefined ? undefined : notJson(held, `${path}/${key}`, inside)
    if (found !== undefined) return found
  }
  return undefined
}

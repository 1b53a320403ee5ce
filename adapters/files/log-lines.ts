import type { LogLine } from '#core/contract/logs'

/** A line as it lies in the file, short: `[12,1790000000000,"info",1,"order.confirmed bytes=31337"]`. */
export interface Stored {
  readonly n: number
  readonly line: LogLine
}

export function numbered(n: number, { at, level, run, text }: LogLine): string {
  return `${JSON.stringify([n, Date.parse(at), level, run ?? 0, text])}\n`
}

/** All whole lines of a file; what a crash cut off is passed over. */
export function readNumbered(text: string): readonly Stored[] {
  return text.split('\n').flatMap((line) => readOne(line) ?? [])
}

function readOne(line: string): Stored | undefined {
  if (!line.startsWith('[') || !line.endsWith(']')) return undefined
  let parts: unknown
  try {
    parts = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!Array.isArray(parts)) return undefined
  const [n, at, level, run, text]: readonly unknown[] = parts
  if (typeof n !== 'number' || typeof at !== 'number' || typeof run !== 'number' || typeof text !== 'string') {
    return undefined
  }
  if (level !== 'info' && level !== 'warn' && level !== 'error') return undefined
  return { n, line: { at: new Date(at).toISOString(), level, text, ...(run > 0 ? { run } : {}) } }
}

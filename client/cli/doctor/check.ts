/** One thing that doctor looked at. `advice`: what to do about it, where there is something to do. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly says: string
  readonly advice?: string
}

export function ok(name: string, says: string): Check {
  return { name, state: 'ok', says }
}

export function warn(name: string, says: string, advice: string): Check {
  return { name, state: 'warn', says, advice }
}

export function fail(name: string, says: string, advice: string): Check {
  return { name, state: 'fail', says, advice }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** A message of this program that says in its first sentence what is wrong, and behind it what to do. */
export function failInWords(name: string, message: string, otherwise: string): Check {
  const [says = message, ...rest] = message.replaceAll('\n', ' ').split(/\. (?=[A-Z])/)
  return fail(name, says.replace(/\.$/, ''), rest.length === 0 ? otherwise : rest.join('. '))
}

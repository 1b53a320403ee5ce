import { format, type InspectOptions, inspect } from 'node:util'
import type { LogLevel } from '#core/log-text'

/**
 * What handlers print by the console becomes lines of their runs: several runs share a process, and nobody could tell
 * whose a bare `console.log('done')` was. Outside of runs the console is what it was.
 *
 * Invariants:
 * 1. Patched once a process, for as long as any worker of it runs, and given back as it was found.
 * 2. Whoever tells a line may print by the console itself: that goes through as it is.
 */

export type Say = (level: LogLevel, text: () => string) => void

const levels = { log: 'info', info: 'info', debug: 'info', warn: 'warn', error: 'error' } as const satisfies Record<
  string,
  LogLevel
>
type Method = keyof typeof levels | 'dir'

/** Which run's code is running, as each of the workers in this process knows it. */
const askers = new Set<() => Say | undefined>()
let giveBack = () => {}
let isSaying = false

/** Answers how to end it. */
export function watchConsole(sayHere: () => Say | undefined): () => void {
  if (askers.size === 0) giveBack = patch()
  askers.add(sayHere)
  return () => {
    if (askers.delete(sayHere) && askers.size === 0) giveBack()
  }
}

function patch(): () => void {
  const methods = [...(Object.keys(levels) as (keyof typeof levels)[]), 'dir'] as const
  const { console: terminal } = globalThis
  const undo = methods.map((method) => patchOne(terminal, method))
  return () => {
    for (const each of undo) each()
  }
}

function patchOne(terminal: Console, method: Method): () => void {
  const original = terminal[method]
  const patched = (...said: unknown[]): void => {
    const say = isSaying ? undefined : sayOfRun()
    if (say === undefined) return original.call(terminal, ...said)
    isSaying = true
    try {
      say(method === 'dir' ? 'info' : levels[method], () => (method === 'dir' ? inspected(said) : format(...said)))
    } finally {
      isSaying = false
    }
  }
  terminal[method] = patched
  return () => {
    // Somebody may have put his own in its place, over this one.
    if (terminal[method] === patched) terminal[method] = original
  }
}

function sayOfRun(): Say | undefined {
  for (const ask of askers) {
    const say = ask()
    if (say !== undefined) return say
  }
  return undefined
}

function inspected([value, options]: readonly unknown[]): string {
  return inspect(value, { customInspect: false, ...(options as InspectOptions | undefined) })
}

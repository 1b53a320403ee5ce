import { RE2JS } from 're2js'
import { z } from 'zod'
import { limits } from '#core/contract/limits'

/**
 * Patterns of a command's schema meet strings of strangers, so none may take more than linear time: RE2 runs them, and
 * what RE2 cannot express is refused. The patterns that zod itself writes beside its formats are known to be linear and
 * run natively, which is some twenty times as fast.
 */
export interface Pattern {
  readonly test: (text: string) => boolean
  /** ajv tells patterns apart by this text alone. */
  readonly toString: () => string
}

export type PatternOutcome =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly message: string }

export function compilePattern(source: string): PatternOutcome {
  const known = knownPatterns.get(source)
  if (known !== undefined) return { ok: true, pattern: known }
  if (source.length > limits.patternChars) {
    return { ok: false, message: `has more than ${limits.patternChars} characters (limit patternChars)` }
  }
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source))
    return { ok: true, pattern: { test: (text) => compiled.test(text), toString: () => source } }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ok: false, message: `cannot run in linear time (RE2): ${why}` }
  }
}

const knownPatterns: ReadonlyMap<string, Pattern> = collectKnown()

function collectKnown(): Map<string, Pattern> {
  const known = new Map<string, Pattern>()
  for (const { source } of zodPatterns()) {
    try {
      known.set(source, new RegExp(source, 'u'))
    } catch {
      // Not one for the u flag: RE2 takes it like anybody's.
    }
  }
  // Its two classes overlap under a repeat, which backtracks without end; as one class it is the same and linear.
  known.set(z.regexes.emoji().source, /^[\p{Extended_Pictographic}\p{Emoji_Component}]+$/u)
  return known
}

function zodPatterns(): readonly RegExp[] {
  const plain = Object.values(z.regexes).filter((value) => value instanceof RegExp)
  const uuids = [undefined, 1, 2, 3, 4, 5, 6, 7, 8].map((version) => z.regexes.uuid(version))
  const precisions = [undefined, null, -1, 0, 1, 2, 3, 6, 9]
  const times = precisions.flatMap((precision) => {
    const of = { precision: precision ?? null }
    const zones = [{}, { offset: true }, { local: true }, { offset: true, local: true }]
    return [z.regexes.time(of), ...zones.map((zone) => z.regexes.datetime({ ...of, ...zone }))]
  })
  return [...plain, ...uuids, ...times]
}

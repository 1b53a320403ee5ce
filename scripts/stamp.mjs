import { readFileSync, statSync } from 'node:fs'
import { pathOf } from './entries.mjs'

/**
 * What was compiled stands in a stamp: time and size of each source, and of what decides how it is compiled. Any
 * difference, however it came about, means that it has to be compiled anew.
 */

/** File times may be this much coarser than the clock. */
const clockMarginMs = 50

/**
 * @param {string} stampPath
 * @param {unknown} entries what is compiled
 */
export function isFresh(stampPath, entries) {
  try {
    const stamp = JSON.parse(readFileSync(stampPath, 'utf8'))
    return (
      JSON.stringify(stamp.entries) === JSON.stringify(entries) &&
      Object.entries(stamp.files).every(([file, state]) => stateOf(file) === state)
    )
  } catch {
    // No stamp, or a source that is gone.
    return false
  }
}

/**
 * @param {{ entries: unknown, sources: readonly string[], startedAtMs: number }} built sources are paths in the repository
 */
export function stampOf({ entries, sources, startedAtMs }) {
  // Who saves a file while it is read gets another build at the next start, never a stamp for what was not compiled.
  const isUnsure = sources.some((file) => statSync(pathOf(file)).mtimeMs > startedAtMs - clockMarginMs)
  const files = Object.fromEntries(sources.map((file) => [file, isUnsure ? 'changed meanwhile' : stateOf(file)]))
  return JSON.stringify({ entries, files })
}

/** @param {string} file a path in the repository */
function stateOf(file) {
  const { mtimeMs, size } = statSync(pathOf(file))
  return `${mtimeMs} ${size}`
}

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cloneProgram, pathOf, programs, publicEntries } from './entries.mjs'

/**
 * What a clone runs: its sources, compiled into `.build`. It is compiled anew whenever a source differs in time or size
 * from what was compiled, however it came to differ, so that nothing stale ever runs.
 *
 * Old chunks stay for a day: a hub that runs may still import one.
 */

const folder = '.build'
const stampPath = pathOf(`${folder}/stamp.json`)
const oldChunksKeptMs = 24 * 60 * 60 * 1_000
/** File times may be this much coarser than the clock. */
const clockMarginMs = 50
const entries = { ...publicEntries, ...programs, ...cloneProgram }
/** What decides how it is compiled. */
const recipe = ['package.json', 'scripts/compile.mjs', 'scripts/entries.mjs', 'scripts/fresh-build.mjs']

/** Answers the address of the compiled folder, once it is what the sources say. */
export async function freshBuild() {
  if (!isFresh()) await buildAnew()
  return pathToFileURL(pathOf(`${folder}/`))
}

function isFresh() {
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

/** @param {string} file a path in the repository */
function stateOf(file) {
  const { mtimeMs, size } = statSync(pathOf(file))
  return `${mtimeMs} ${size}`
}

async function buildAnew() {
  const startedAtMs = Date.now()
  // Loaded here only: it takes longer than all the looking.
  const { compile, writeWhole } = await import('./compile.mjs')
  const { inputs, outputs } = await compile({ entries, folder })
  const sources = [...inputs, ...recipe]
  // Who saves a file while it is read gets another build at the next start, never a stamp for what was not compiled.
  const isUnsure = sources.some((file) => statSync(pathOf(file)).mtimeMs > startedAtMs - clockMarginMs)
  const files = Object.fromEntries(sources.map((file) => [file, isUnsure ? 'changed meanwhile' : stateOf(file)]))
  writeWhole(stampPath, JSON.stringify({ entries, files }))
  removeOld(new Set([...outputs, 'stamp.json']))
}

/** @param {ReadonlySet<string>} current names of the files that belong to this build */
function removeOld(current) {
  for (const name of readdirSync(pathOf(folder))) {
    const path = join(pathOf(folder), name)
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
    if (name.endsWith('.js') && !current.has(name) && age > oldChunksKeptMs) rmSync(path, { force: true })
  }
}

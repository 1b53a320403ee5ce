import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cloneProgram, pathOf, programs, publicEntries } from './entries.mjs'
import { isFresh, stampOf } from './stamp.mjs'

/**
 * What a clone runs: its sources, compiled into `.build`. It is compiled anew whenever a source differs in time or size
 * from what was compiled, however it came to differ, so that nothing stale ever runs.
 *
 * Old chunks stay for a day: a hub that runs may still import one.
 */

const folder = '.build'
const stampPath = pathOf(`${folder}/stamp.json`)
const oldChunksKeptMs = 24 * 60 * 60 * 1_000
const entries = { ...publicEntries, ...programs, ...cloneProgram }
/** What decides how it is compiled. */
const recipe = [
  'package.json',
  'scripts/compile.mjs',
  'scripts/entries.mjs',
  'scripts/fresh-build.mjs',
  'scripts/stamp.mjs',
]

/** Answers the address of the compiled folder, once it is what the sources say. */
export async function freshBuild() {
  if (!isFresh(stampPath, entries)) await buildAnew()
  return pathToFileURL(pathOf(`${folder}/`))
}

async function buildAnew() {
  const startedAtMs = Date.now()
  // Loaded here only: it takes longer than all the looking.
  const { compile, writeWhole } = await import('./compile.mjs')
  const { inputs, outputs } = await compile({ entries, folder })
  writeWhole(stampPath, stampOf({ entries, sources: [...inputs, ...recipe], startedAtMs }))
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

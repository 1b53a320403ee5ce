// `cdk synth` in a clone runs this first: the bundles of the functions are what the sources say, or are made anew.
import { realpathSync } from 'node:fs'
import { functionEntries, pathOf } from './entries.mjs'
import { isFresh, stampOf } from './stamp.mjs'

const folder = '.build/functions'
const stampPath = pathOf(`${folder}/stamp.json`)
const recipe = ['package.json', 'package-lock.json', 'scripts/compile-functions.mjs', 'scripts/entries.mjs']

export async function freshFunctions() {
  if (isFresh(stampPath, functionEntries)) return
  const startedAtMs = Date.now()
  // Loaded here only: it takes longer than all the looking.
  const [{ compileFunctions }, { writeWhole }] = await Promise.all([
    import('./compile-functions.mjs'),
    import('./compile.mjs'),
  ])
  const compiled = await compileFunctions({ folder })
  // Packages change by the lock file alone.
  const own = Object.values(compiled).flatMap(({ inputs }) => inputs.filter((file) => !file.includes('node_modules/')))
  writeWhole(stampPath, stampOf({ entries: functionEntries, sources: [...new Set(own), ...recipe], startedAtMs }))
}

// A clone may lie behind a link.
if (process.argv[1] !== undefined && import.meta.filename === realpathSync(process.argv[1])) await freshFunctions()

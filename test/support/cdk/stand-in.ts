/** Stands in for the bundles of a hub's functions: constructs look at their folder and nothing else. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const names = ['api', 'reactor', 'clock', 'intake', 'registrar', 'live']

export function standInFunctions(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskurai-functions-'))
  for (const name of names) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'index.mjs'), `export const handler = () => '${name}'\n`)
  }
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

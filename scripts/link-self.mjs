// The examples import this package by its name, as a stranger's worker does. Inside this repository nothing installs it,
// and npm cannot link a workspace root into itself, so `npm ci` does it here (script "prepare"): a package whose entry
// points are the sources, and the compiled ones for processes that were started with the condition `taskurai-build`.
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf, publicEntries } from './entries.mjs'

const folder = pathOf('node_modules/taskurai')
const { name, version, type } = JSON.parse(readFileSync(pathOf('package.json'), 'utf8'))
const exports = Object.fromEntries(
  Object.entries(publicEntries).map(([entry, source]) => [
    `./${entry}`,
    { 'taskurai-build': `./.build/${entry}.js`, default: `./${source}` },
  ]),
)
const text = `${JSON.stringify({ name, version, type, private: true, exports }, null, 2)}\n`
const linked = ['.build', ...new Set(Object.values(publicEntries).map((source) => source.split('/')[0] ?? source))]

// What is right already is left alone: processes may be running on it.
const isRight =
  linked.every((each) => existsSync(join(folder, each))) &&
  existsSync(join(folder, 'package.json')) &&
  readFileSync(join(folder, 'package.json'), 'utf8') === text
if (!isRight) {
  // It was one link to the repository itself once: that must never be followed.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(folder)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const each of linked) {
    mkdirSync(pathOf(each), { recursive: true })
    symlinkSync(process.platform === 'win32' ? pathOf(each) : `../../${each}`, join(folder, each), 'junction')
  }
  writeFileSync(join(folder, 'package.json'), text)
}

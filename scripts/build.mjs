// Makes `dist/`, what the npm package carries: compiled entry points and programs, and their types. `npm pack` and
// `npm publish` run it (script "prepack"); a clone runs what scripts/fresh-build.mjs makes instead.
import { rmSync } from 'node:fs'
import { compile } from './compile.mjs'
import { pathOf, programs, publicEntries } from './entries.mjs'
import { writeTypes } from './write-types.mjs'

rmSync(pathOf('dist'), { recursive: true, force: true })
await compile({ entries: { ...publicEntries, ...programs }, folder: 'dist' })
writeTypes({ entries: Object.values(publicEntries), folder: 'dist/types' })

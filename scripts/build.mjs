// Makes `dist/`, what the npm package carries: compiled entry points and programs, and their types. `npm pack` and
// `npm publish` run it (script "prepack"); a clone runs what scripts/fresh-build.mjs makes instead.
import { rmSync } from 'node:fs'
import { compile } from './compile.mjs'
import { compileFunctions } from './compile-functions.mjs'
import { pathOf, programs, publicEntries } from './entries.mjs'
import { writeTypes } from './write-types.mjs'

rmSync(pathOf('dist'), { recursive: true, force: true })
// Only instances in an account load the SDK of AWS, and whoever installs the package for one machine need not wait for
// its hundreds of files.
const bundles = /^@(?:aws-sdk\/|smithy\/node-http-handler$)/
await compile({ entries: { ...publicEntries, ...programs }, folder: 'dist', bundles })
await compileFunctions({ folder: 'dist/functions' })
writeTypes({ entries: Object.values(publicEntries), folder: 'dist/types' })

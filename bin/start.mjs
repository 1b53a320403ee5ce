// `npm start`, compiled: see start.ts. What it starts finds this package compiled too (scripts/link-self.mjs).
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { freshBuild } from '../scripts/fresh-build.mjs'

const folder = await freshBuild()
// From Node 22.1 on: what was compiled at one start need not be at the next.
module.enableCompileCache?.(fileURLToPath(new URL('cache/', folder)))
process.execArgv.push('--conditions=taskurai-build')
await import(new URL('start.js', folder).href)

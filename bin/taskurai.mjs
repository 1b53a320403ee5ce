#!/usr/bin/env node
// The package brings the program compiled; a clone compiles it first where it is not as its sources are. What a clone's
// hub starts then finds this package compiled as well (scripts/link-self.mjs).
import { existsSync } from 'node:fs'

const building = new URL('../scripts/fresh-build.mjs', import.meta.url)
const isClone = existsSync(building)
if (isClone) process.execArgv.push('--conditions=taskurai-build')
const folder = isClone ? await (await import(building.href)).freshBuild() : new URL('../dist/', import.meta.url)
await import(new URL('taskurai.js', folder).href)

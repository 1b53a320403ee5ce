#!/usr/bin/env -S node --import tsx
// `npm start`: a hub with the workers of the examples, and their tasks run through it, visibly.
import { fileURLToPath } from 'node:url'
import { readWorkers } from '#embedded/read-workers'

const hasExample = !process.argv.includes('--no-example')
const example = (name: string) => fileURLToPath(new URL(`../examples/${name}/worker.ts`, import.meta.url))
const workers = hasExample ? [example('orders')] : []
// They join when the first one is at work: until then they would only make it wait.
const others = hasExample ? [example('reports'), example('media')] : []
const reading = readWorkers(workers, process.cwd())
const { startHub } = await import('./start-hub.ts')
// The example may still be asking a hub that is gone.
process.exit(await startHub({ workers, others, reading }))

#!/usr/bin/env -S node --import tsx
// `npm start`: a hub with the workers of the examples, and their tasks run through it, visibly.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readWorkers } from '#embedded/read-workers'

const hasExample = !process.argv.includes('--no-example')
const examples = fileURLToPath(new URL('../examples/', import.meta.url))
const workers = hasExample ? [join(examples, 'orders/worker.ts')] : []
// They join when the first one is at work: until then they would only make it wait.
const others = hasExample ? [join(examples, 'reports/worker.ts'), join(examples, 'media/worker.ts')] : []
const reading = readWorkers(workers, process.cwd())
const { startHub } = await import('./start-hub.ts')
// The example may still be asking a hub that is gone.
process.exit(await startHub({ workers, others, reading }))

#!/usr/bin/env -S node --import tsx
// `npm start`: a hub with the example worker, and the example's tasks run through it, visibly.
import { fileURLToPath } from 'node:url'
import { readWorkers } from '#embedded/read-workers'

const hasExample = !process.argv.includes('--no-example')
const workers = hasExample ? [fileURLToPath(new URL('../examples/orders/worker.ts', import.meta.url))] : []
const reading = readWorkers(workers, process.cwd())
const { startHub } = await import('./start-hub.ts')
// The example may still be asking a hub that is gone.
process.exit(await startHub({ workers, reading, hasExample }))

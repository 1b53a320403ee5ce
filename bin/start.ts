#!/usr/bin/env -S node --import tsx
// `npm start`: a hub with the example worker, and the example's tasks run through it, visibly.
import { fileURLToPath } from 'node:url'
import { serve } from '#embedded/serve'
import { runExample } from '../examples/run-example.ts'

const hasExample = !process.argv.includes('--no-example')
const print = (line: string) => process.stdout.write(`${line}\n`)
const code = await serve({
  workers: hasExample ? [fileURLToPath(new URL('../examples/orders/worker.ts', import.meta.url))] : [],
  env: process.env,
  cwd: process.cwd(),
  print,
  printError: (line) => process.stderr.write(`${line}\n`),
  // The example draws its own progress; TASKURAI_LOG=info shows what its instances say instead.
  showsOutput: !hasExample || process.env.TASKURAI_LOG === 'info',
  ...(hasExample ? { onOpen: ({ endpoint }) => runExample({ endpoint, out: process.stdout }) } : {}),
})
// The example may still be asking a hub that is gone.
process.exit(code)

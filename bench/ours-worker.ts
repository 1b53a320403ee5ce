/** One instance of ours as a process of its own: `ours-worker.ts <concurrency>`; endpoint and keys by environment. */
import { defineCommand, defineWorker, runWorker } from '#worker-runtime/index'
import { COMMAND } from './subject.ts'
import { linkToBench } from './worker-link.ts'

const over = new AbortController()
let ended: Promise<unknown> = Promise.resolve()
const link = linkToBench(async () => {
  over.abort()
  await ended
})
const noop = defineCommand({ name: COMMAND, version: 1 }, async () => link.started())
const definition = defineWorker({ name: 'bench', commands: [noop], concurrency: Number(process.argv[2]) })
ended = runWorker(definition, {
  idleSeconds: Number.POSITIVE_INFINITY,
  handleSignals: false,
  signal: over.signal,
  log: (level, event, fields) => {
    if (level !== 'info') process.stderr.write(`worker: ${event} ${JSON.stringify(fields)}\n`)
  },
})
link.ready()

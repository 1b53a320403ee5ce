/** The embedded hub as a process of its own: `ours-server.ts <data folder> <durability>`; speaks to the bench by IPC. */

import { Manifest } from '#core/contract/manifest'
import { isTerminal } from '#core/contract/task'
import { headOf } from '#core/layout'
import { putWorker } from '#core/workers/put-worker'
import { openHub } from '#embedded/hub'
import { type ServerReport, serverOrderSchema } from './ours-link.ts'
import { COMMAND, nowMs } from './subject.ts'

const [folder, durability] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: ours-server.ts <data folder> <durability>')

const say = (event: string, fields?: unknown) => process.stderr.write(`hub: ${event} ${JSON.stringify(fields)}\n`)
const outcome = await openHub({
  dataFolder: folder,
  port: 0,
  durability: durability === 'process' ? 'process' : 'power',
  log: { info: () => undefined, warn: say, error: say },
  onBroken: (error) => {
    throw error
  },
})
if (outcome.kind === 'refused') throw new Error(outcome.message)
const { hub } = outcome
const manifest = Manifest.parse({ name: 'bench', commands: [{ name: COMMAND, version: 1 }], concurrency: 50 })
await putWorker(hub.world, { manifest, by: 'bench' })

let finished = 0
let awaited = Number.POSITIVE_INFINITY
let lastFinishMs = 0
let cursor: string | undefined

hub.feed.onChange(() => void count())
async function count(): Promise<void> {
  const { changes, cursor: next } = await hub.feed.read(cursor, 10_000)
  cursor = next
  for (const { before, after, sk } of changes) {
    if (sk !== 'HEAD' || after === undefined || !isTerminal(headOf(after).status)) continue
    if (before === undefined || !isTerminal(headOf(before).status)) finished++
  }
  lastFinishMs = nowMs()
  tell()
}

function tell(): void {
  if (finished < awaited) return
  awaited = Number.POSITIVE_INFINITY
  report({ kind: 'finished', lastFinishMs })
}

function report(message: ServerReport): void {
  process.send?.(message)
}

process.on('message', (message: unknown) => {
  const order = serverOrderSchema.parse(message)
  if (order.kind === 'tellFinished') {
    awaited = order.total
    tell()
  } else if (order.kind === 'tellRegistered') {
    const look = () => ([...hub.calls.sessions()].length > 0 ? report({ kind: 'registered' }) : setTimeout(look, 5))
    look()
  } else {
    finished = 0
    report({ kind: 'counting' })
  }
})
process.on('SIGTERM', () => void hub.close().finally(() => process.exit(0)))
process.on('disconnect', () => process.exit(0))
report({ kind: 'ready', endpoint: hub.endpoint })

import { setTimeout as pause } from 'node:timers/promises'
import { defineCommand, defineWorker } from 'taskurai/worker'
import { orderConfirm } from './contracts.ts'

/** What the customer reads while it goes on, and how much of the time each takes. */
const stages = [
  { says: 'Looking for it on the shelf', share: 0.2 },
  { says: 'Asking your bank', share: 0.25 },
  { says: 'Wrapping it in paper', share: 0.4 },
  { says: 'Printing the label', share: 0.15 },
]
const reportsPerStage = 10

const confirm = defineCommand(orderConfirm, async (ctx, { seconds }) => {
  let done = 0
  for (const { says, share } of stages) {
    for (let report = 0; report < reportsPerStage; report++) {
      ctx.progress(Math.round(done), says)
      await pause((seconds * 1_000 * share) / reportsPerStage, undefined, { signal: ctx.signal })
      done += (100 * share) / reportsPerStage
    }
  }
  return { parcel: `P-${ctx.task.id.slice(-6)}` }
})

export default defineWorker({ name: 'live-shop', commands: [confirm], concurrency: 8 })

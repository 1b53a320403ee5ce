/** The worker `parcels`. */
import { defineCommand, defineWorker } from 'taskurai/worker'
import { askCarrier } from './carrier.ts'
import { parcelBook, parcelBook2, parcelTrack } from './contracts.ts'

// #region handler
const book = defineCommand(parcelBook, async (ctx, parcel) => {
  // Defaults are in place: `parcel.express` is there, whoever asked.
  ctx.progress(20, 'asking the carrier')
  return await askCarrier({ path: '/parcels', body: parcel, idempotencyKey: ctx.task.id, signal: ctx.signal })
})
// #endregion

// #region last-run
const bookBulky = defineCommand(parcelBook2, async (ctx, parcel) => {
  // The express line is often busy. Rather a slow parcel than none: the last run asks for the ordinary one.
  const express = parcel.express && !ctx.isLastRun
  if (express !== parcel.express) ctx.log.warn('parcel.slowed', { orderId: parcel.orderId })
  const body = { ...parcel, express }
  return await askCarrier({ path: '/parcels', body, idempotencyKey: ctx.task.id, signal: ctx.signal })
})
// #endregion

const track = defineCommand(parcelTrack, (ctx) => {
  ctx.checkExpired()
  return { at: 'depot' }
})

// #region worker
export default defineWorker({
  name: 'parcels',
  commands: [book, bookBulky, track],
  concurrency: 8,
  scaling: { min: 0, max: 3, tasksPerInstance: 50 },
})
// #endregion

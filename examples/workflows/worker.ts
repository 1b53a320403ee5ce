/** The worker `workflows`. */
import { defineWorker } from 'taskurai/worker'
import { aggregate, extract, publish } from './nightly-report.ts'
import { orderPlace } from './order-saga.ts'
import { videoEncode, videoPart } from './video-fan-out.ts'

export default defineWorker({
  name: 'workflows',
  commands: [orderPlace, videoEncode, videoPart, extract, aggregate, publish],
  concurrency: 10,
  idleSeconds: 5,
})

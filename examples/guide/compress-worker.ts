/** The worker `files`. */
import { defineWorker } from 'taskurai/worker'
import { compress } from './compress.ts'

export default defineWorker({ name: 'files', commands: [compress], idleSeconds: 5 })

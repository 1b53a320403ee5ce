import { afterAll } from 'vitest'
import { startSqs } from '../support/engines/fauxqs.ts'
import { queueSuite } from './queue-suite.ts'
import { makeSqsWorld } from './sqs-world.ts'

const sqs = await startSqs()
afterAll(sqs.stop)

// Real time, whole seconds: the cases wait side by side, each with queues of its own.
queueSuite('sqs', () => makeSqsWorld(sqs), { isConcurrent: true })

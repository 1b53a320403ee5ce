import { queueSuite } from './queue-suite.ts'
import { storeSuite } from './store-suite.ts'
import { makeMemoryWorld } from './worlds.ts'

storeSuite('memory', makeMemoryWorld)
queueSuite('memory', makeMemoryWorld)

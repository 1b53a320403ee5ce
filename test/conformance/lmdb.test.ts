import { comparisonSuite } from './comparison.ts'
import { queueSuite } from './queue-suite.ts'
import { storeSuite } from './store-suite.ts'
import { makeLmdbWorld, makeMemoryWorld } from './worlds.ts'

storeSuite('lmdb', makeLmdbWorld)
queueSuite('lmdb', makeLmdbWorld)
comparisonSuite('lmdb like memory', makeMemoryWorld, makeLmdbWorld)

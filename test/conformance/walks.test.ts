import { walkSuite } from './walk-suite.ts'
import { makeLmdbWorld, makeMemoryWorld } from './worlds.ts'

walkSuite('memory', makeMemoryWorld)
walkSuite('lmdb', makeLmdbWorld)

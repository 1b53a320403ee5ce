import { describe } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { startPlatform } from '../support/platform/platform.ts'
import { playScenarios } from '../support/play-scenarios.ts'

describe.skipIf(whyNoDynamo() !== undefined)('on the parts of a hub in an account', () => {
  playScenarios({
    home: 'account',
    groups: scenarios,
    mostMs: 240_000,
    open: (workers) => startPlatform({ workers }),
  })
})

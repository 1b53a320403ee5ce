import { afterAll, describe } from 'vitest'
import { type DynamoEngine, startDynamo, whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { comparisonSuite } from './comparison.ts'
import { makeDynamoWorld, makeSteppedMemoryWorld } from './dynamodb-world.ts'
import { storeSuite } from './store-suite.ts'
import { walkSuite } from './walk-suite.ts'

const why = whyNoDynamo()
if (why !== undefined) process.stderr.write(`${why}\n`)

describe.skipIf(why !== undefined)('on DynamoDB Local', () => {
  let engine: Promise<DynamoEngine> | undefined
  const started = () => {
    engine ??= startDynamo()
    return engine
  }
  afterAll(async () => (await engine)?.[Symbol.asyncDispose]())

  storeSuite('dynamodb', async () => makeDynamoWorld(await started()))
  walkSuite('dynamodb', async () => makeDynamoWorld(await started()), 60)
  comparisonSuite('dynamodb like memory', makeSteppedMemoryWorld, async () => makeDynamoWorld(await started()))
})

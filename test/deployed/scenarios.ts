import { createClient } from '#client/index'
import { scenarios } from '../scenarios/index.ts'
import { playScenarios } from '../support/play-scenarios.ts'

/**
 * The scenarios on a hub that is deployed: `TASKURAI_ENDPOINT` and the usual variables for keys name it, and its workers
 * are those of test/fixtures/workers (`test/deployed/app.ts` deploys just that). `npm run test:deployed` plays them.
 */
if (process.env.TASKURAI_ENDPOINT === undefined) {
  throw new Error('set TASKURAI_ENDPOINT and keys: these scenarios are played on a deployed hub')
}

playScenarios({
  home: 'account',
  groups: scenarios,
  // An instance needs about a minute from zero.
  mostMs: 900_000,
  open: async () => ({ client: createClient(), [Symbol.asyncDispose]: async () => undefined }),
})

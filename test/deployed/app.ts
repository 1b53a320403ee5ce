import { App, Stack } from 'aws-cdk-lib'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { addChecks } from '#lib/checks'
import { TaskHub } from '#lib/index'

/**
 * Deploys a hub with the workers that `npm run test:deployed` plays on:
 *   npx cdk deploy --app 'node scripts/fresh-functions.mjs && node --import tsx test/deployed/app.ts'
 * It is made to be thrown away. Nobody has deployed it yet: no account was at hand where it was written.
 */
const workers = ['basics', 'burst', 'carrier', 'faulty', 'flows', 'recycled', 'talkative'] as const

const app = new App()
addChecks(app)
const stack = new Stack(app, 'TaskuraiTest')
const hub = new TaskHub(stack, 'Hub', { hubName: 'test' })
for (const worker of workers) {
  const file = 'test/deployed/Dockerfile'
  const buildArgs = { WORKER: worker }
  const image = ContainerImage.fromAsset('.', {
    file,
    buildArgs,
    exclude: ['**/node_modules', '.*', 'cdk.out', 'dist'],
  })
  hub.addWorker({ module: `test/fixtures/workers/${worker}.ts`, image })
}

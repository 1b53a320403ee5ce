// `cdk deploy`: a hub with the workers of the examples. Your own app needs the constructs alone: examples/cdk-app.
import { App, Stack } from 'aws-cdk-lib'
import { addChecks } from '#lib/checks'
import { TaskHub } from '#lib/index'

const app = new App()
addChecks(app)
const stack = new Stack(app, 'Taskurai', { description: 'Taskurai: a hub and the workers of its examples' })
const hub = new TaskHub(stack, 'Hub', { hubName: app.node.tryGetContext('hub') })
const sizes = { orders: [512, 1_024], reports: [1_024, 2_048], media: [2_048, 4_096] } as const
const exclude = ['**/node_modules', '.*', 'cdk.out', 'dist', 'test', 'bench', 'docs']
for (const [name, [cpu, memoryMiB]] of Object.entries(sizes)) {
  const image = { directory: '.', file: `examples/${name}/Dockerfile`, exclude }
  hub.addWorker({ module: `examples/${name}/worker.ts`, image, cpu, memoryMiB })
}

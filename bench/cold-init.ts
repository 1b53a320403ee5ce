import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from './statistics.ts'

/**
 * What a cold start of each function costs on this machine: the size of its bundle, and how long a fresh process takes
 * to load it, up to its handler. A busy machine changes the CPU time less than the time. Lambda adds the start of its
 * own environment; its processors are slower.
 *
 *     node --import tsx bench/cold-init.ts
 */

const rounds = 5
const run = promisify(execFile)
const repository = fileURLToPath(new URL('../', import.meta.url))
const bundles = `${repository}.build/functions/`

/** Nothing is called at the start of a function, so none of these need be there. */
const environment = {
  AWS_REGION: 'eu-west-1',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  TASKURAI_HUB: 'bench',
  TASKURAI_TABLE: 'bench',
  TASKURAI_BUCKET: 'bench',
  TASKURAI_QUEUE_URL_PREFIX: 'https://sqs.eu-west-1.amazonaws.com/111122223333/taskurai-bench-',
  TASKURAI_LIVE_URL: 'wss://abcdefghij.execute-api.eu-west-1.amazonaws.com/live',
  TASKURAI_ATTENTION_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/111122223333/taskurai-bench',
}

const load = `
const startedAtMs = performance.now()
const startedCpu = process.cpuUsage()
const { handler } = await import(process.argv[1])
if (typeof handler !== 'function') throw new Error('there is no handler')
const { user, system } = process.cpuUsage(startedCpu)
process.stdout.write(JSON.stringify([performance.now() - startedAtMs, (user + system) / 1_000]))
`

await run(process.execPath, [`${repository}scripts/fresh-functions.mjs`])
for (const name of await namesOfFunctions()) {
  const path = `${bundles}${name}/index.mjs`
  const times: number[] = []
  const cpuTimes: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', load, path], { env: environment })
    const [timeMs, cpuMs] = JSON.parse(stdout) as [number, number]
    times.push(timeMs)
    cpuTimes.push(cpuMs)
  }
  const { size } = await stat(path)
  const spread = `${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}`
  const taken = `${median(times).toFixed(0)} ms (${spread}), of CPU ${median(cpuTimes).toFixed(0)} ms`
  process.stdout.write(`${name.padEnd(10)} ${(size / 1_000).toFixed(0)} kB, ${taken}\n`)
}

async function namesOfFunctions(): Promise<readonly string[]> {
  const entries = await readdir(bundles, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

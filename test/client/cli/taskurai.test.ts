import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startCli } from '../../support/cli.ts'
import { hubKey, taskOf } from '../../support/scripted-hub.ts'

const program = fileURLToPath(new URL('../../../bin/taskurai.ts', import.meta.url))
const launcher = fileURLToPath(new URL('../../../bin/taskurai.mjs', import.meta.url))
const tsx = import.meta.resolve('tsx')
const run = promisify(execFile)

it.each([
  ['as installed', [launcher]],
  ['with the loader', ['--import', tsx, program]],
])('starts %s, from any folder', async (_, words) => {
  await using cli = await startCli()
  const { stdout } = await run(process.execPath, [...words, '--version'], { cwd: cli.cwd })
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

it('ends quietly when its reader goes away', async () => {
  await using cli = await startCli(() => ({ body: { tasks: Array(100).fill(taskOf()), cursor: 'always' } }))
  const env = {
    ...process.env,
    TASKURAI_ENDPOINT: cli.hub.endpoint,
    AWS_ACCESS_KEY_ID: hubKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: hubKey.secretAccessKey,
  }
  const child = spawn(process.execPath, [launcher, 'list', '--all', '--json'], {
    cwd: cli.cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const [code] = await once(child, 'close')
  expect({ code, said }).toEqual({ code: 0, said: '' })
})

import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readManifest } from '#adapters/process/read-manifest'
import { type FakeHub, startFakeHub } from '../support/fake-hub.ts'
import { plainEnv } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'

/** Worker modules that do what they should not, as instances: what the manifest's reader says of them is tested there. */

const modulePath = (name: string) => fileURLToPath(new URL(`../fixtures/worker-modules/${name}`, import.meta.url))
const entry = fileURLToPath(new URL('../fixtures/instance-child.ts', import.meta.url))

function startInstanceOf(module: string, hub: FakeHub) {
  const child = spawn(process.execPath, ['--import', 'tsx', entry, module], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnv({
      TASKURAI_ENDPOINT: hub.endpoint,
      AWS_ACCESS_KEY_ID: 'TESTKEY',
      AWS_SECRET_ACCESS_KEY: 'test-secret',
      TASKURAI_LOG: '',
    }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const exited = new Promise<number | string | null>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  )
  return {
    output: () => output,
    exited,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

describe.concurrent('an instance of a module', { timeout: 120_000 }, () => {
  it.each([
    ['that leaves a rejected promise behind', 'rejects.ts', 'the cache did not warm'],
    ['that opens sockets and threads', 'opens-handles.ts', ''],
    ['that prints', 'chatty.ts', 'loading'],
  ])('%s runs tasks all the same', async (_what, name, said) => {
    await using hub = await startFakeHub()
    await using instance = startInstanceOf(modulePath(name), hub)
    const end = await hub.endOf(hub.add({ command: 'say', arguments: { words: 'hello' } }))
    expect(end).toMatchObject({ kind: 'succeed' })
    expect(instance.output()).toContain(said)
  })

  it.each([
    ['fails at import', 'throws.ts', 'no database here'],
    ['exports a promise', 'exports-promise.ts', 'has a promise as its default export'],
    ['exports a list', 'exports-list.ts', 'has a list as its default export'],
  ])('that %s says so and ends with code 2', async (_what, name, said) => {
    await using hub = await startFakeHub()
    await using instance = startInstanceOf(modulePath(name), hub)
    expect(await instance.exited).toBe(2)
    expect(instance.output()).toContain(said)
    expect(hub.calls).toEqual([])
  })
})

describe('a module with a zod of its own', { timeout: 120_000 }, () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'taskurai-zod-'))
    await mkdir(join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await symlink(join(repository, 'node_modules/taskurai'), join(folder, 'node_modules/taskurai'))
    await cp(join(repository, 'node_modules/zod'), join(folder, 'node_modules/zod'), { recursive: true })
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function moduleWith(zod: string, input: string): Promise<string> {
    const path = join(folder, 'worker.mjs')
    await writeFile(
      path,
      `import { defineCommand, defineWorker } from 'taskurai/worker'
       import * as z from '${zod}'
       export const own = z
       const say = defineCommand({ name: 'say', input: ${input} }, (_ctx, input) => input)
       export default defineWorker({ name: 'own-zod', commands: [say] })`,
    )
    return path
  }

  it.each([
    ['zod', 'z.object({ words: z.string().min(2), times: z.int().default(3), on: z.iso.date().optional() })'],
    ['zod/mini', 'z.object({ words: z.string().check(z.minLength(2)), times: z._default(z.int(), 3) })'],
  ])('works with another copy of %s: in its manifest and in its runs', async (zod, input) => {
    const module = await moduleWith(zod, input)
    const read = await readManifest(module, { mostMs: 60_000 })
    expect(read).toMatchObject({
      ok: true,
      manifest: {
        commands: [{ input: { required: ['words'], properties: { words: { minLength: 2 }, times: { default: 3 } } } }],
      },
    })
    await using hub = await startFakeHub()
    await using _instance = startInstanceOf(module, hub)
    const good = await hub.endOf(hub.add({ command: 'say', arguments: { words: 'hello' } }))
    expect(good).toMatchObject({ kind: 'succeed', result: { output: { words: 'hello', times: 3 } } })
    const bad = await hub.endOf(hub.add({ command: 'say', arguments: { words: 'h' } }))
    expect(bad).toMatchObject({ kind: 'fail', error: { code: 'invalid-input', retryable: false } })
  })

  it('is refused with zod 3, and told what to do', async () => {
    const module = await moduleWith('zod/v3', 'z.z.object({ words: z.z.string() })')
    const read = await readManifest(module, { mostMs: 60_000 })
    expect(read).toMatchObject({
      ok: false,
      message: expect.stringMatching(/input of command say@1.*zod 3\. Use zod 4/),
    })
  })
})

import { readFile, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { followHub } from './support/hub-process.ts'
import { repository } from './support/repository.ts'
import { makeStranger, type Stranger } from './support/stranger.ts'
import { until } from './support/until.ts'

/** The package as npm packs it, in an empty project. */

const megabyte = 1_000_000
const installMostBytes = 60 * megabyte
/** An older zod than this package's own: two copies of it meet. */
const otherZod = '4.1.9'
/** More than Node strips from TypeScript by itself. */
const shout = `enum Mark { Loud = '!' }
export const shout = (text: string): string => text.toUpperCase() + Mark.Loud
`
const fixtures = ['sum.js', 'mixed.js', 'hub.js', 'consumer.ts', 'watcher.ts', 'deploy.ts'].map(
  (name) => `test/fixtures/stranger/${name}`,
)

describe('the package, installed into an empty project', { timeout: 60_000 }, () => {
  let stranger: Stranger

  beforeAll(async () => {
    stranger = await makeStranger({
      files: [...fixtures, 'examples/first-worker/worker.ts'],
      besides: [`zod@${otherZod}`],
    })
    await stranger.write('shout.ts', shout)
  }, 120_000)
  afterAll(() => stranger?.[Symbol.asyncDispose]())

  test('brings at most 60 MB, and of this repository what is compiled, declared and told', async () => {
    expect(stranger.installedBytes).toBeLessThan(installMostBytes)
    const { out } = await stranger.run('find', [
      'node_modules/taskurai',
      '-type',
      'f',
      '-not',
      '-path',
      '*/node_modules/zod/*',
    ])
    const foreign = out
      .split('\n')
      .filter(
        (path) =>
          !/\/(?:dist\/.+\.(?:js|d\.ts)|dist\/functions\/[a-z]+\/index\.mjs|bin\/taskurai\.mjs|package\.json|[A-Z]+(?:\.md)?)$/.test(
            path,
          ),
      )
    expect(foreign.filter((path) => path !== '')).toEqual([])
  })

  test('has every entry point that the repository has, each with its types', async () => {
    const { exports } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
    const { publicEntries }: { publicEntries: object } = await import('../scripts/entries.mjs' as string)
    expect(Object.keys(exports)).toEqual(Object.keys(publicEntries).map((name) => `./${name}`))
    await bringPeers(stranger)
    for (const [entry, { types }] of Object.entries<{ types: string }>(exports)) {
      await readFile(join(stranger.folder, 'node_modules/taskurai', types))
      const names = `import('taskurai/${entry.slice(2)}').then((m) => console.log(Object.keys(m).length))`
      const ran = await stranger.run(process.execPath, ['-e', names])
      expect(ran).toMatchObject({ code: 0, err: '' })
      expect(Number(ran.out)).toBeGreaterThan(0)
    }
  })

  test('runs workers in JavaScript and TypeScript, with another zod, on a hub inside a program, which then ends', async () => {
    const versions = await Promise.all(
      ['node_modules/zod', 'node_modules/taskurai/node_modules/zod'].map(async (folder) => {
        const { version } = JSON.parse(await readFile(join(stranger.folder, folder, 'package.json'), 'utf8'))
        return version
      }),
    )
    expect(versions).toEqual([otherZod, expect.not.stringMatching(otherZod)])
    const ran = await stranger.run(process.execPath, ['hub.js'], { TASKURAI_DATA: 'own-hub' })
    expect(ran.out).toContain('numbers.sum succeeded: 6\n')
    expect(ran.out).toContain('words.say succeeded: "AHOY!"\n')
    expect(ran.out).toContain('hello.greet succeeded: "Hello Ada!"\n')
    expect(ran.code, ran.err).toBe(0)
  })

  test('has a command line that serves, submits and waits', async () => {
    const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
    const cli = 'node_modules/.bin/taskurai'
    expect(await stranger.run('npx', ['taskurai', '--version'])).toMatchObject({ code: 0, out: `${version}\n` })
    await using hub = followHub(stranger.start([cli, 'serve', '--worker', './worker.ts', '--port', '0']))
    await until('it is open', () => hub.output().includes('\nworker hello'))
    const env = { TASKURAI_ENDPOINT: hub.endpoint() ?? '' }
    const ran = await stranger.run(cli, ['submit', 'hello.greet', '{ "name": "Ada" }', '--wait', '--json'], env)
    expect(ran.code, ran.err).toBe(0)
    expect(JSON.parse(ran.out)).toMatchObject({ status: 'succeeded', result: { output: 'Hello Ada!' } })
  })

  test('works in an account with what it brings: the client of AWS is in it, and finds the keys of a container', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.url} ${/Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? ''}`)
      const keys = { AccessKeyId: 'OFROLE', SecretAccessKey: 's', Token: 't', Expiration: '2099-01-01T00:00:00Z' }
      const none = { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message: 'no such table' }
      if (request.url === '/keys') response.end(JSON.stringify(keys))
      else response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(none))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const ran = await stranger.run(process.execPath, ['node_modules/.bin/taskurai', 'work', './worker.ts', '--check'], {
      TASKURAI_HUB: 'h',
      TASKURAI_TABLE: 'no-such-table',
      TASKURAI_BUCKET: 'b',
      TASKURAI_QUEUE_URL_PREFIX: `${at}/1/q-`,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_DYNAMODB: at,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${at}/keys`,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    })
    server.close()
    expect(asked).toEqual(['/keys ', '/ OFROLE'])
    expect(ran).toMatchObject({ code: 5, err: expect.stringContaining('the table no-such-table cannot be reached') })
  })

  test('deploys: its constructs are typed, find the functions in it, and read what a worker offers', async () => {
    await bringPeers(stranger)
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, module: 'nodenext', target: 'es2023' },
      ...{ lib: ['es2023'], noEmit: true, types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] },
    }
    await stranger.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['deploy.ts'] }))
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    expect(await stranger.run(process.execPath, [compiler, '-p', '.'])).toEqual({ code: 0, out: '', err: '' })
    const ran = await stranger.run(process.execPath, ['--import', 'tsx', 'deploy.ts'], { CDK_VALIDATION: 'false' })
    expect(ran).toMatchObject({ code: 0, out: 'hello\n' })
    const template = await readFile(join(stranger.folder, 'deployed/Tasks.template.json'), 'utf8')
    expect(template).toContain('taskurai-stranger-registrar')
    expect(template).toContain('hello.greet')
  })

  test('is typed for a strict TypeScript that checks libraries too', async () => {
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      ...{ module: 'nodenext', target: 'es2023', lib: ['es2023'], noEmit: true, allowImportingTsExtensions: true },
      ...{ types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] },
    }
    const files = ['consumer.ts', 'watcher.ts', 'worker.ts']
    await stranger.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    expect(await stranger.run(process.execPath, [compiler, '-p', '.'])).toEqual({ code: 0, out: '', err: '' })
  })

  test('is typed for a page, and its bundler makes one small file of it', async () => {
    expect(await checkPage(stranger)).toEqual({ code: 0, out: '', err: '' })
    const { outputFiles } = await build({
      stdin: { contents: "export * from 'taskurai/browser'", resolveDir: stranger.folder },
      ...{ bundle: true, minify: true, format: 'esm', platform: 'browser', write: false },
    })
    expect(outputFiles[0]?.contents.byteLength).toBeLessThan(4_096)
    const react = await readFile(join(stranger.folder, 'node_modules/taskurai/dist/react.js'), 'utf8')
    expect(react).toMatch(/^["']use client["'];?\n/)
  })
})

/** A page has no Node: its TypeScript knows the DOM, and its bundler finds the modules. */
async function checkPage(stranger: Stranger): Promise<unknown> {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, module: 'esnext', target: 'es2022' },
    ...{
      moduleResolution: 'bundler',
      lib: ['es2023', 'dom'],
      noEmit: true,
      types: [],
      allowImportingTsExtensions: true,
    },
  }
  await stranger.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['watcher.ts'] }))
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  return stranger.run(process.execPath, [compiler, '-p', '.'])
}

/** Only who deploys, or who has pages in React, has these, and brings them: the package alone stays small. */
async function bringPeers({ folder }: Stranger): Promise<void> {
  for (const peer of ['aws-cdk-lib', 'constructs', 'react']) {
    const place = join(folder, 'node_modules', peer)
    await rm(place, { force: true })
    await symlink(join(repository, 'node_modules', peer), place, 'junction')
  }
}

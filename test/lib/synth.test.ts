import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../support/repository.ts'

/** As people do it: by the command line of CDK, with its validation and the rules of AWS Solutions. */

const slow = { timeout: 180_000 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taskurai-synth-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Ran {
  readonly code: number
  readonly out: string
}

function run(
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
) {
  const { CDK_VALIDATION: _, ...env } = process.env
  const settings = { cwd: options.cwd ?? repository, env: { ...env, ...options.env }, maxBuffer: 16 * 1_048_576 }
  return new Promise<Ran>((resolve) => {
    execFile(process.execPath, words, settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, out: stdout + stderr })
    })
  })
}

const cdk = join(repository, 'node_modules/aws-cdk/bin/cdk')

describe('cdk synth', slow, () => {
  test('makes a hub with the three examples, and finds nothing to complain of', async () => {
    const ran = await run([cdk, 'synth', '--quiet', '--output', join(folder, 'app')])
    expect(ran.code, ran.out).toBe(0)
    expect(ran.out).not.toMatch(/WARN|ERROR/)
    const { Resources } = JSON.parse(await readFile(join(folder, 'app/Taskurai.template.json'), 'utf8'))
    const families = Object.values<{ Properties: { Family?: string } }>(Resources).flatMap(
      ({ Properties }) => Properties.Family ?? [],
    )
    expect(families.sort()).toEqual(['main-media', 'main-orders', 'main-reports'])
    expect(JSON.stringify(Resources)).not.toContain('AWS::CDK::Metadata')
  })

  test("ends where a rule is broken, with the rule's name", async () => {
    const app = 'node --import tsx test/fixtures/unsafe-app.ts'
    const ran = await run([cdk, 'synth', '--quiet', '--app', app, '--output', join(folder, 'unsafe')])
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('AwsSolutions-SQS4')
    expect(ran.out).toContain('CloudFormation-Validate::F3034')
  })

  test('asks nobody on the network', async () => {
    const settings = JSON.parse(await readFile(join(repository, 'cdk.json'), 'utf8'))
    expect(settings).toMatchObject({ notices: false, versionReporting: false, context: { 'cli-telemetry': false } })
  })

  test('has every flag as CDK recommends it', async () => {
    const recommended = await readFile(
      join(repository, 'node_modules/aws-cdk-lib/recommended-feature-flags.json'),
      'utf8',
    )
    const { context } = JSON.parse(await readFile(join(repository, 'cdk.json'), 'utf8'))
    expect(context).toMatchObject(JSON.parse(recommended))
  })
})

describe('a hub in an app of somebody else', slow, () => {
  test('is synthesized with what the app had', async () => {
    await run([join(repository, 'scripts/fresh-functions.mjs')])
    const cwd = join(repository, 'examples/cdk-app')
    const { context } = JSON.parse(await readFile(join(cwd, 'cdk.json'), 'utf8'))
    const env = {
      CDK_OUTDIR: join(folder, 'example'),
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CDK_VALIDATION: 'false',
    }
    const ran = await run(['--import', 'tsx', 'app.ts'], { cwd, env })
    expect(ran.code, ran.out).toBe(0)
    const shop = JSON.parse(await readFile(join(folder, 'example/Shop.template.json'), 'utf8'))
    const text = JSON.stringify(shop)
    expect(text).toContain('/POST/v1/commands/invoice.print/tasks')
    expect(text).toContain('shop.payments')
    expect(text).toContain('spot-then-on-demand')
    const own = JSON.parse(await readFile(join(folder, 'example/OwnVpc.template.json'), 'utf8'))
    expect(JSON.stringify(own)).toContain('\\"assignPublicIp\\":false')
  })
})

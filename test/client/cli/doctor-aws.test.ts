import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CliWorld } from '#client/cli/run-cli'
import { type CliStage, startCli } from '../../support/cli.ts'
import {
  type AwsReply,
  type AwsScript,
  refuseJson,
  refuseRest,
  refuseXml,
  say,
  startFakeAws,
  vcpus,
  wellAws,
} from '../../support/fake-aws.ts'

const now = Date.parse('2026-11-30T08:00:00.500Z')
const region = ['--region', 'eu-central-1']

/** A folder as PATH, with a builder in it that knows its engine's architecture. */
async function pathWith(cli: CliStage, builder = 'docker', arch = 'aarch64'): Promise<string> {
  const folder = join(cli.cwd, 'bin')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, builder), `#!/bin/sh\necho ${arch}\n`, { mode: 0o755 })
  return folder
}

interface Examined {
  readonly code: number
  readonly checks: ReadonlyMap<string, string>
}

async function examine(cli: CliStage, words: readonly string[], world: Partial<CliWorld>): Promise<Examined> {
  const env = { PATH: await pathWith(cli), ...world.env }
  const ran = await cli.run(['doctor', '--aws', '--json', ...words], { client: { now: () => now }, ...world, env })
  const { checks } = JSON.parse(ran.out)
  const told = checks.map(({ name, state, says, advice }: Record<string, string>) => [
    name,
    `${state} ${says}${advice === undefined ? '' : ` → ${advice}`}`,
  ])
  return { code: ran.code, checks: new Map<string, string>(told) }
}

/** The checks of an account that is well but for what is given. */
async function examineAccount(script: Partial<AwsScript>, words: readonly string[] = region, aheadMs = 0) {
  await using cli = await startCli()
  await using aws = await startFakeAws({ ...wellAws, ...script }, () => now - aheadMs)
  const examined = await examine(cli, words, { env: aws.env })
  return { ...examined, asked: aws.asked }
}

it('an account that has everything: all is well, each service asked once with a signature of its own', async () => {
  const { code, checks, asked } = await examineAccount({})
  expect([...checks]).toEqual([
    ['account', 'ok arn:aws:iam::123456789012:user/ann in eu-central-1, keys from AWS_ACCESS_KEY_ID'],
    ['clock', "ok as AWS's"],
    ['lambda', 'ok 1000 concurrent executions'],
    ['vCPU', 'ok 4000 at once on Fargate: 8000 instances of the default size'],
    ['Spot vCPU', 'ok 4000 at once on Fargate: 8000 instances of the default size'],
    ['ECS role', 'ok AWSServiceRoleForECS is there'],
    ['bootstrap', "ok CDK's, version 21, in eu-central-1"],
    ['builder', 'ok docker, and it builds for arm64 as it is'],
  ])
  expect(code).toBe(0)
  expect([...asked].sort()).toEqual([
    'iam us-east-1',
    'lambda eu-central-1',
    'servicequotas eu-central-1',
    'servicequotas eu-central-1',
    'ssm eu-central-1',
    'sts eu-central-1',
  ])
})

it('a new account: each thing that is missing, with the command that gets it', async () => {
  const { code, checks } = await examineAccount({
    lambda: say({ AccountLimit: { ConcurrentExecutions: 10, UnreservedConcurrentExecutions: 10 } }),
    'L-3032A538': vcpus(6),
    'L-36FBB829': vcpus(2),
    iam: refuseXml(404, 'NoSuchEntity', 'The role with name AWSServiceRoleForECS cannot be found.'),
    ssm: refuseJson('ParameterNotFound', ''),
  })
  const increase = 'aws service-quotas request-service-quota-increase'
  expect(checks.get('lambda')).toBe(
    `warn 10 concurrent executions: a hub works, slowly → ask for 1,000, it is free: ${increase} --service-code lambda --quota-code L-B99A9384 --desired-value 1000 --region eu-central-1`,
  )
  expect(checks.get('vCPU')).toBe(
    `warn 6 at once on Fargate: 12 instances of the default size → ask for the sum of max × vCPU of all workers, twice: ${increase} --service-code fargate --quota-code L-3032A538 --desired-value 64 --region eu-central-1`,
  )
  expect(checks.get('Spot vCPU')).toMatch(
    /^warn 2 at once .*→ only if a worker is to run on Spot, .* L-36FBB829 --desired/,
  )
  expect(checks.get('ECS role')).toMatch(/^warn .*→ aws iam create-service-linked-role --aws-service-name ecs\./)
  expect(checks.get('bootstrap')).toBe(
    'fail /cdk-bootstrap/hnb659fds/version is not there in eu-central-1 → npx cdk bootstrap aws://123456789012/eu-central-1',
  )
  expect(code).toBe(1)
})

it.each<[string, Partial<AwsScript>, string, RegExp]>([
  ['no vCPU', { 'L-3032A538': vcpus(0) }, 'vCPU', /^fail 0 at once/],
  [
    'a quota that it does not know',
    { 'L-36FBB829': refuseJson('NoSuchResourceException', 'no') },
    'Spot vCPU',
    /^warn no quota L-36FBB829 .*→ look in the console: https:\/\/eu-central-1\.console/,
  ],
  [
    'executions that others have reserved',
    { lambda: say({ AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 50 } }) },
    'lambda',
    /^warn 1000 concurrent executions, 50 of them unreserved: .*→ reserve less/,
  ],
  [
    'a bootstrap of old',
    { ssm: say({ Parameter: { Value: '4' } }) },
    'bootstrap',
    /^fail CDK's version 4 .*→ npx cdk bootstrap aws:/,
  ],
  [
    'a service that is busy',
    { lambda: refuseRest('TooManyRequestsException', 'Rate exceeded') },
    'lambda',
    /^warn not looked at: AWS is busy \(403 TooManyRequestsException\) → try again/,
  ],
  ['an answer of another kind', { ssm: say('<html>') }, 'bootstrap', /^warn not looked at: .*→ look yourself: aws ssm/],
])('an account with %s', async (_, script, name, told) => {
  const { checks } = await examineAccount(script)
  expect(checks.get(name)).toMatch(told)
})

it('keys without permissions: each check names the one that it needs, and is skipped', async () => {
  const because = 'because no identity-based policy allows it'
  const { code, checks } = await examineAccount(
    {
      lambda: refuseRest('AccessDeniedException', `ann may not, ${because}`),
      'L-3032A538': refuseJson('AccessDeniedException', `ann may not, ${because}`),
      'L-36FBB829': refuseJson('AccessDeniedException', 'ann may not, with an explicit deny in an identity policy'),
      iam: refuseXml(403, 'AccessDenied', `ann may not, ${because}`),
      ssm: refuseJson('AccessDeniedException', 'ann may not, with an explicit deny in a service control policy'),
    },
    region,
  )
  const ann = 'warn not looked at: arn:aws:iam::123456789012:user/ann may not'
  expect(checks.get('lambda')).toBe(
    `${ann} lambda:GetAccountSettings → allow it, or look yourself: aws lambda get-account-settings --region eu-central-1`,
  )
  expect(checks.get('vCPU')).toMatch(`${ann} servicequotas:GetServiceQuota → allow it`)
  expect(checks.get('Spot vCPU')).toMatch(`${ann} servicequotas:GetServiceQuota, a policy forbids it → ask`)
  expect(checks.get('ECS role')).toMatch(`${ann} iam:GetRole → allow it`)
  expect(checks.get('bootstrap')).toMatch(`${ann} ssm:GetParameter, the organization forbids it → ask`)
  expect(code).toBe(0)
})

it('a caller that may not even ask for its name is told so, and the rest is looked at', async () => {
  const { code, checks } = await examineAccount({
    sts: refuseXml(403, 'AccessDenied', 'no'),
    ssm: refuseJson('ParameterNotFound', ''),
  })
  expect(checks.get('account')).toMatch(/^warn not looked at: this caller may not sts:GetCallerIdentity →/)
  expect(checks.get('vCPU')).toMatch(/^ok/)
  expect(checks.get('bootstrap')).toMatch(/→ npx cdk bootstrap$/)
  expect(code).toBe(1)
})

describe('keys', () => {
  it.each<[string, AwsReply, RegExp]>([
    [
      'that are none, or a Region that is not enabled',
      refuseXml(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'),
      /^fail AKIATEST from AWS_ACCESS_KEY_ID is refused \(InvalidClientTokenId: .*→ are the keys active.* eu-central-1 enabled/,
    ],
    ['whose session is over', refuseXml(403, 'ExpiredToken', 'expired'), /^fail .*→ sign in again \(aws sso login\)/],
    [
      'with half a secret',
      refuseXml(403, 'SignatureDoesNotMatch', 'The signature we calculated does not match.'),
      /^fail .*→ is the secret key whole/,
    ],
    [
      'for another Region than the address is of',
      refuseXml(403, 'SignatureDoesNotMatch', 'Credential should be scoped to a valid region.'),
      /^fail .*→ is eu-central-1 the right Region\? Say it by --region/,
    ],
    [
      'of an account that is not signed up',
      refuseXml(403, 'OptInRequired', 'needs a subscription'),
      /^fail .*→ end the account's sign-up in the console/,
    ],
    ['when AWS is away', refuseXml(503, 'ServiceUnavailable', ''), /^fail not looked at: AWS is busy/],
    ['behind a door that asks for a name first', say('<html>Welcome</html>'), /^fail what answered is not AWS →/],
  ])('%s: nothing else is asked', async (_, sts, told) => {
    const { code, checks, asked } = await examineAccount({ sts })
    expect(checks.get('account')).toMatch(told)
    expect([...checks.keys()]).toEqual(['account', 'clock', 'builder'])
    expect(asked).toHaveLength(1)
    expect(code).toBe(1)
  })

  it('that a hub on this machine made are told from those of AWS', async () => {
    await using cli = await startCli()
    const refusing = { ...wellAws, sts: refuseXml(403, 'InvalidClientTokenId', '') }
    await using aws = await startFakeAws(refusing, () => now)
    const { checks } = await examine(cli, region, { env: { ...aws.env, AWS_ACCESS_KEY_ID: 'TKTEST' } })
    expect(checks.get('account')).toMatch(/^fail TKTEST .*→ keys of AWS begin with AKIA or ASIA/)
  })

  it('that are nowhere: says where they were looked for; the builder is looked at all the same', async () => {
    await using cli = await startCli()
    const env = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
    const { code, checks } = await examine(cli, region, { env })
    expect(checks.get('keys')).toMatch(
      /^fail No keys for AWS: no profile \[default] with keys in .*→ Set AWS_ACCESS_KEY_ID and/,
    )
    expect([...checks.keys()]).toEqual(['keys', 'builder'])
    expect(code).toBe(1)
  })

  it('of a profile: its Region is used, and the commands that are told name it', async () => {
    await using cli = await startCli()
    await using aws = await startFakeAws({ ...wellAws, 'L-3032A538': vcpus(6) }, () => now)
    await mkdir(join(cli.cwd, '.aws'))
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL } = aws.env
    const keys = `[work]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`
    await writeFile(join(cli.cwd, '.aws', 'credentials'), keys, { mode: 0o600 })
    await writeFile(join(cli.cwd, '.aws', 'config'), '[profile work]\nregion = eu-south-2\n')
    const { checks } = await examine(cli, ['--profile', 'work'], { env: { AWS_ENDPOINT_URL } })
    expect(checks.get('account')).toMatch(/^ok .* in eu-south-2, keys from profile \[work]/)
    expect(checks.get('vCPU')).toMatch(/ --region eu-south-2 --profile work$/)
    expect(aws.asked).toContain('sts eu-south-2')
  })

  it('without a Region: says how to set it', async () => {
    await using cli = await startCli()
    const { code, checks } = await examine(cli, [], {})
    expect(checks.get('keys')).toMatch(/^fail No region for AWS: set AWS_REGION/)
    expect(code).toBe(1)
  })
})

it('a clock that is wrong is told beside the refusal that comes of it', async () => {
  const sts = refuseXml(403, 'SignatureDoesNotMatch', 'Signature expired: 20261130T080000Z is now earlier than')
  const { checks } = await examineAccount({ sts }, region, -400_000)
  expect(checks.get('account')).toMatch(/^fail .*the clock right\?$/)
  expect(checks.get('clock')).toMatch(/^fail 6 min 40 s behind AWS's → set the clock/)
})

describe('a network', () => {
  const failing = (error: unknown): NonNullable<CliWorld['client']> => ({
    now: () => now,
    fetch: () => Promise.reject(error),
  })
  const unknown = new TypeError('fetch failed', { cause: Object.assign(new Error('no name'), { code: 'ENOTFOUND' }) })

  it.each<[string, Partial<CliWorld>, RegExp]>([
    [
      'that refuses',
      { env: { AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1' } },
      /^fail http:\/\/127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\) → is the network up/,
    ],
    [
      'that does not know the name, be it for a Region that is none',
      { client: failing(unknown) },
      /^fail the name sts\.eu-centrall-1\.amazonaws\.com is not known \(ENOTFOUND\) → .* 'eu-centrall-1' a Region\?/,
    ],
    [
      'that is silent',
      { client: failing(new DOMException('late', 'TimeoutError')) },
      /^fail https:\/\/sts\.eu-centrall-1\.amazonaws\.com did not answer in 5 seconds →/,
    ],
    [
      'of an address that is none',
      { env: { AWS_ENDPOINT_URL: 'nonsense' } },
      /^fail AWS_ENDPOINT_URL_STS or .* no URL/,
    ],
  ])('%s', async (_, world, told) => {
    await using cli = await startCli()
    const { code, checks } = await examine(cli, ['--region', 'eu-centrall-1'], world)
    expect(checks.get('account')).toMatch(told)
    expect([...checks.keys()]).toEqual(['account', 'builder'])
    expect(code).toBe(1)
  })
})

it('what is about a hub is refused beside --aws', async () => {
  await using cli = await startCli()
  const ran = await cli.run(['doctor', '--aws', '--endpoint', 'http://127.0.0.1:1'])
  expect(ran).toMatchObject({ code: 2, out: '' })
  expect(ran.err).toMatch(/--aws.*cannot be used with.*--endpoint/)
})

import { describe, expect, it } from 'vitest'
import { type ConnectionOptions, isLoopback, resolveConnection } from '#client/credentials'

type Files = Readonly<Record<string, string>>
type Env = Readonly<Record<string, string>>

const profile = (name: string, id: string, more = ''): string =>
  `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key=SECRET-${id}\n${more}\n`

const LOCAL: Files = { '.taskurai/credentials': profile('default', 'LOCAL') + profile('worker', 'LOCALWORKER') }
const AWS: Files = {
  '/home/ann/.aws/credentials':
    profile('default', 'AWS', 'region = eu-west-1') + profile('work', 'WORK', 'aws_session_token = TOKEN'),
}
const CLOUD = 'https://abc123.execute-api.eu-central-1.amazonaws.com'
const KEYS = { AWS_ACCESS_KEY_ID: 'ENV', AWS_SECRET_ACCESS_KEY: 'SECRET-ENV' }

function resolve(options: ConnectionOptions, env: Env, files: Files) {
  return resolveConnection(options, { env, readText: (path) => files[path], home: '/home/ann' })
}

function found(options: ConnectionOptions, env: Env, files: Files): string {
  const outcome = resolve(options, env, files)
  if (!outcome.ok) return outcome.message
  const { endpoint, credentials, region } = outcome.connection
  return `${endpoint.origin} ${credentials.accessKeyId} ${region}`
}

describe('which hub, which keys, which region', () => {
  it.each([
    ['nothing set: the hub here with its own keys', {}, {}, { ...LOCAL, ...AWS }, 'http://127.0.0.1:4400 LOCAL local'],
    ['no hub file: the AWS profile', {}, {}, AWS, 'http://127.0.0.1:4400 AWS local'],
    ['AWS variables win over the hub file', {}, KEYS, LOCAL, 'http://127.0.0.1:4400 ENV local'],
    ['a profile of the hub file', {}, { AWS_PROFILE: 'worker' }, LOCAL, 'http://127.0.0.1:4400 LOCALWORKER local'],
    [
      'another data folder',
      {},
      { TASKURAI_DATA: '/data' },
      { '/data/credentials': profile('default', 'D') },
      '4400 D local',
    ],
    [
      'a credentials file that is named',
      {},
      { AWS_SHARED_CREDENTIALS_FILE: '/c' },
      { ...LOCAL, '/c': profile('default', 'C') },
      '4400 C local',
    ],
    [
      'a hub on AWS never gets the local keys',
      {},
      { TASKURAI_ENDPOINT: CLOUD },
      { ...LOCAL, ...AWS },
      'AWS eu-central-1',
    ],
    ['the option before the variable', { endpoint: CLOUD }, { TASKURAI_ENDPOINT: 'http://x' }, AWS, 'AWS eu-central-1'],
    [
      'the address names the region, not AWS_REGION',
      { endpoint: CLOUD },
      { AWS_REGION: 'us-east-1' },
      AWS,
      'eu-central-1',
    ],
    [
      'AWS_REGION for an address of one’s own',
      { endpoint: 'https://hub.example' },
      { AWS_REGION: 'r1' },
      AWS,
      'AWS r1',
    ],
    ['AWS_DEFAULT_REGION', { endpoint: 'https://hub.example' }, { AWS_DEFAULT_REGION: 'r2' }, AWS, 'AWS r2'],
    ['the region of the profile', { endpoint: 'https://hub.example' }, {}, AWS, 'AWS eu-west-1'],
    [
      'the region that aws configure wrote, in the other file',
      { endpoint: 'https://hub.example', profile: 'work' },
      {},
      { ...AWS, '/home/ann/.aws/config': '[profile work]\nregion = eu-south-2\n' },
      'WORK eu-south-2',
    ],
    ['the region option', { endpoint: CLOUD, region: 'r3' }, {}, AWS, 'AWS r3'],
    ['a profile option wins over keys in the shell', { profile: 'worker' }, KEYS, LOCAL, 'LOCALWORKER local'],
    [
      'the credentials option before all',
      { credentials: { accessKeyId: 'OPT', secretAccessKey: 'x' } },
      KEYS,
      LOCAL,
      'http://127.0.0.1:4400 OPT local',
    ],
    ['an empty variable is none', {}, { AWS_ACCESS_KEY_ID: '', TASKURAI_ENDPOINT: '' }, LOCAL, '4400 LOCAL local'],
  ] satisfies [string, ConnectionOptions, Env, Files, string][])('%s', (_, options, env, files, expected) => {
    expect(found(options, env, files)).toContain(expected)
  })

  it('takes the session token along, from variables and from a profile', () => {
    const token = { sessionToken: 'TOKEN' }
    const fromVariables = resolve({ endpoint: CLOUD }, { ...KEYS, AWS_SESSION_TOKEN: 'TOKEN' }, {})
    expect(fromVariables).toMatchObject({ ok: true, connection: { credentials: token } })
    const fromProfile = resolve({ endpoint: CLOUD }, { AWS_PROFILE: 'work' }, AWS)
    expect(fromProfile).toMatchObject({ ok: true, connection: { credentials: token } })
  })

  it('reads profile files as the AWS tools do', () => {
    const text = `# note\n[other]\naws_access_key_id = NO\n [ default ] ; mine\nAWS_ACCESS_KEY_ID=YES\r\ns3 =\n  aws_access_key_id = NESTED\naws_secret_access_key = a=b==\n`
    const outcome = resolve({ endpoint: CLOUD }, {}, { '/home/ann/.aws/credentials': text })
    expect(outcome).toMatchObject({ connection: { credentials: { accessKeyId: 'YES', secretAccessKey: 'a=b==' } } })
  })
})

describe('what is missing is named', () => {
  const SSO = { '/home/ann/.aws/config': '[profile work]\nsso_session = x\nregion = eu-west-1\n' }
  it.each([
    ['half of the keys', {}, { AWS_ACCESS_KEY_ID: 'X' }, {}, /AWS_SECRET_ACCESS_KEY is not: set both/],
    ['the other half', {}, { AWS_SECRET_ACCESS_KEY: 'X' }, {}, /AWS_ACCESS_KEY_ID is not: set both/],
    ['no hub here', {}, {}, {}, /\[default\] with keys in \.taskurai\/credentials or .*Start the hub .*TASKURAI_DATA/],
    [
      'no keys for AWS',
      { endpoint: CLOUD },
      {},
      LOCAL,
      /Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE/,
    ],
    ['a profile that is not there', { profile: 'typo' }, {}, LOCAL, /no profile \[typo\]/],
    [
      'single sign-on',
      { endpoint: CLOUD },
      { AWS_PROFILE: 'work' },
      SSO,
      /single sign-on.*export-credentials --profile work/,
    ],
    ['no region', { endpoint: 'https://hub.example' }, KEYS, {}, /set AWS_REGION/],
    ['no URL', { endpoint: 'localhost:4400' }, {}, LOCAL, /is not http\(s\).*http:\/\/127\.0\.0\.1:4400/],
    ['nonsense for a URL', {}, { TASKURAI_ENDPOINT: '::' }, LOCAL, /\(TASKURAI_ENDPOINT\) is not a URL/],
    ['keys in the URL', { endpoint: 'http://a:b@h' }, {}, LOCAL, /must not hold a user/],
    ['a query in the URL', { endpoint: 'http://h/?a=b' }, {}, LOCAL, /must not have a query/],
  ] satisfies [string, ConnectionOptions, Env, Files, RegExp][])('%s', (_, options, env, files, message) => {
    const outcome = resolve(options, env, files)
    expect(outcome).toMatchObject({ ok: false, message: expect.stringMatching(message) })
  })
})

it.each([
  ['http://localhost:1', true],
  ['http://127.0.0.1', true],
  ['http://127.1', true],
  ['http://[::1]:4400', true],
  ['http://127.0.0.1.example', false],
  ['http://10.0.0.1', false],
])('%s is this machine: %s', (url, expected) => {
  expect(isLoopback(new URL(url))).toBe(expected)
})

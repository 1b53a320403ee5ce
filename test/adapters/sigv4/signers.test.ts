import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { verifyRequest } from '#adapters/sigv4/verify'
import { signRequest } from '#client/sign'
import { type Received, startVerifyingServer, type VerifyingServer } from '../../support/verifying-server.ts'

const KEY = 'TKEXAMPLE'
const SECRET = 'a-secret_of-the-tests-0123456789'
const SECRETS = { [KEY]: SECRET }
const run = promisify(execFile)

const GETS = [
  '/v1/tasks',
  '/v1/tasks?command=order.confirm&limit=5',
  '/v1/tasks?b=2&a=1&a=0&B=3&empty=',
  '/v1/commands/order%40confirm/tasks',
  '/v1/commands/order@confirm/tasks',
  "/v1/state/a!b$c&d'e(f)g*h,i;j=k:l",
  '/v1/state/M%C3%BCller%20%2F%20Sohn',
  '/v1/tasks?tag=name:M%C3%BCller&q=a%20b%2Fc',
  "/v1/tasks?q=a/b:c@d!$'()*,;&x-y=1&x=2",
  '/v1/workers/',
] as const
const BODY = '{"command":"order.confirm","arguments":{"note":"grün"}}'

/** Every signer's requests must be accepted as sent, and refused with another body and another secret. */
function expectGood(received: Received | undefined): void {
  expect(received?.outcome).toEqual({ ok: true, accessKeyId: KEY })
  if (received === undefined) return
  const again = { ...received, now: Date.now(), lookUp: () => SECRET, service: 'execute-api' }
  const refusedBody = verifyRequest({ ...again, body: Buffer.from(`${Buffer.from(received.body)} `) })
  expect(['signature', 'body-hash']).toContain(refusedBody.ok ? '' : refusedBody.reason)
  if (received.body.length > 0) expect(verifyRequest({ ...again, body: Buffer.alloc(0) }).ok).toBe(false)
  expect(verifyRequest({ ...again, lookUp: () => `${SECRET}x` })).toMatchObject({ reason: 'signature' })
  expect(verifyRequest({ ...again, url: `${received.url}${received.url.includes('?') ? '&' : '?'}z=1` }).ok).toBe(false)
}

function reasonToSkip(command: string, args: readonly string[], pattern: RegExp): string {
  const probe = spawnSync(command, args, { encoding: 'utf8' })
  return probe.status === 0 && pattern.test(probe.stdout) ? '' : ` (skipped: no usable ${command} here)`
}

const noCurl = reasonToSkip('curl', ['--help', 'all'], /--aws-sigv4/)
describe.skipIf(noCurl !== '')(`curl --aws-sigv4${noCurl}`, () => {
  async function curl(server: VerifyingServer, path: string, ...args: string[]): Promise<Received | undefined> {
    const signing = ['--aws-sigv4', 'aws:amz:local:execute-api', '--user', `${KEY}:${SECRET}`]
    await run('curl', ['-sS', '-g', '--path-as-is', '--noproxy', '*', ...signing, ...args, `${server.origin}${path}`])
    return server.received.at(-1)
  }

  it.each(GETS)('GET %s', async (path) => {
    await using server = await startVerifyingServer(SECRETS)
    expectGood(await curl(server, path))
  })

  it('a query with umlauts that curl encodes (as typed, Node itself answers 400: they are no URL)', async () => {
    await using server = await startVerifyingServer(SECRETS)
    const received = await curl(server, '/v1/tasks', '-G', '--data-urlencode', 'tag=name:Müller & Söhne')
    expectGood(received)
    expect(received?.url).toMatch(/^\/v1\/tasks\?tag=name%3AM%C3%BCller/i)
    await curl(server, '/v1/tasks?tag=name:Müller')
    expect(server.received).toHaveLength(1)
  })

  it('a POST with a JSON body carries no hash of it, and its body is held all the same', async () => {
    await using server = await startVerifyingServer(SECRETS)
    const received = await curl(server, '/v1/tasks', '-H', 'content-type: application/json', '-d', BODY)
    expectGood(received)
    expect(received?.headers['x-amz-content-sha256']).toBeUndefined()
  })

  it('a POST without a body, a DELETE, a form, --json', async () => {
    await using server = await startVerifyingServer(SECRETS)
    expectGood(await curl(server, '/v1/tasks/1/cancel', '-X', 'POST'))
    expectGood(await curl(server, '/v1/tasks/1', '-X', 'DELETE'))
    expectGood(await curl(server, '/v1/tasks', '-d', 'a=b'))
    expectGood(await curl(server, '/v1/tasks', '--json', BODY))
  })

  it('headers with odd spaces, and a session token that means nothing to this hub', async () => {
    await using server = await startVerifyingServer(SECRETS)
    expectGood(await curl(server, '/v1/tasks', '-H', 'x-note:   a  b   c  ', '-H', 'X-Amz-Security-Token: stray'))
  })
})

const noBotocore = reasonToSkip('python3', ['-c', 'import botocore; print(botocore.__version__)'], /^1\./)
describe.skipIf(noBotocore !== '')(`botocore${noBotocore}`, () => {
  const SCRIPT = `
import json, sys, http.client
from urllib.parse import urlsplit
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
job = json.loads(sys.argv[1])
for method, path, body in job['requests']:
    request = AWSRequest(method=method, url=job['origin'] + path, data=body.encode() if body else None,
                         headers={'content-type': 'application/json', 'x-note': '  a   b '})
    SigV4Auth(Credentials(job['key'], job['secret'], job.get('token')), 'execute-api', 'eu-central-1').add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(job['origin']).netloc)
    connection.request(method, path, body=request.data, headers=dict(request.headers))
    connection.getresponse().read()
`
  it('is accepted for each path and query, bodies and session tokens', async () => {
    await using server = await startVerifyingServer(SECRETS)
    const requests = [...GETS.map((path) => ['GET', path, '']), ['POST', '/v1/tasks?a=b', BODY], ['PUT', '/v1/x', '']]
    const job = { origin: server.origin, key: KEY, secret: SECRET, requests }
    await run('python3', ['-c', SCRIPT, JSON.stringify(job)])
    await run('python3', ['-c', SCRIPT, JSON.stringify({ ...job, token: 'stray' })])
    expect(server.received).toHaveLength(2 * requests.length)
    for (const received of server.received) expectGood(received)
  })
})

describe('the client', () => {
  const sent = async (server: VerifyingServer, method: string, path: string, body?: string) => {
    const url = new URL(path, server.origin)
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': 'a  b' }
    const request = { method, url, headers, ...(body === undefined ? {} : { body }) }
    const options = { credentials: { accessKeyId: KEY, secretAccessKey: SECRET }, region: 'local', now: Date.now() }
    await fetch(url, { method, headers: await signRequest(request, options), ...(body === undefined ? {} : { body }) })
    return server.received.at(-1)
  }

  it.each([...GETS, '/v1/tasks?tag=name:Müller&plus=a+b&flag', '/v1/state/Müller?'])('GET %s', async (path) => {
    await using server = await startVerifyingServer(SECRETS)
    expectGood(await sent(server, 'GET', path))
  })

  it('POST with a body signs all its headers', async () => {
    await using server = await startVerifyingServer(SECRETS)
    const received = await sent(server, 'POST', '/v1/tasks', BODY)
    expectGood(received)
    const names = 'content-type;host;idempotency-key;x-amz-content-sha256;x-amz-date'
    expect(received?.headers.authorization).toContain(`SignedHeaders=${names},`)
  })
})

import { execFile, spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signRequest } from '#client/sign'
import { keysOf, makeFolder, type OpenHubProcess, plainEnv, startHub } from '../support/hub-process.ts'

/** The hub's port, as strangers and tools of others meet it. */

const run = promisify(execFile)
const unsigned: Change = (headers) => {
  delete headers.authorization
  return {}
}
const halfOpenCount = 200
const body = '{"command":"basics.echo","arguments":{"text":"hello"}}'

let folder: Awaited<ReturnType<typeof makeFolder>>
let cwd: string
let hub: OpenHubProcess

beforeAll(async () => {
  folder = await makeFolder()
  cwd = join(folder.path, "it's a folder")
  await mkdir(cwd)
  hub = await startHub({ folder: join(cwd, 'my data'), cwd, workers: ['basics'] })
}, 60_000)

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

type Change = (signed: Record<string, string>) => { readonly path?: string; readonly body?: string }

async function post({ change, now = Date.now(), secret }: { change?: Change; now?: number; secret?: string } = {}) {
  const url = new URL('/v1/tasks', hub.at)
  const keys = keysOf(join(cwd, 'my data'))
  const credentials = secret === undefined ? keys : { ...keys, secretAccessKey: secret }
  const headers = { 'content-type': 'application/json' }
  const signed = await signRequest({ method: 'POST', url, headers, body }, { credentials, region: 'local', now })
  const sent = { ...signed }
  const changed = change?.(sent) ?? {}
  return fetch(new URL(changed.path ?? '/v1/tasks', hub.at), {
    method: 'POST',
    headers: sent,
    body: changed.body ?? body,
  })
}

describe('a request', () => {
  test('that is signed is accepted', async () => {
    expect((await post()).status).toBe(202)
  })

  const hourMs = 3_600_000
  const refusals: readonly (readonly [string, Parameters<typeof post>[0]])[] = [
    ['without a signature', { change: unsigned }],
    ['signed with another secret', { secret: 'x'.repeat(40) }],
    ['whose body was changed', { change: () => ({ body: body.replace('hello', 'hullo') }) }],
    ['whose path was changed', { change: () => ({ path: '/v1/tasks/batch' }) }],
    ['signed an hour ago', { now: Date.now() - hourMs }],
    ['signed for in an hour', { now: Date.now() + hourMs }],
  ]
  test.each(refusals)('%s is forbidden, and is told why', async (_how, ask) => {
    const response = await post(ask)
    expect(response.status).toBe(403)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    const problem: unknown = await response.json()
    expect(problem).toMatchObject({ code: 'forbidden', detail: expect.stringMatching(/\w+/) })
  })
})

describe('connections that stay half open', () => {
  test('keep nobody else out, and do not keep the hub from stopping', async () => {
    const port = Number(new URL(hub.at).port)
    const sockets = await Promise.all(Array.from({ length: halfOpenCount }, () => openSocket(port)))
    for (const [index, socket] of sockets.entries()) {
      if (index % 3 === 1) socket.write('POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Le')
      if (index % 3 === 2) socket.write('POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"comm')
    }
    expect((await post()).status).toBe(202)
    const other = await startHub({ folder: join(folder.path, 'other') })
    const toOther = await Promise.all([0, 1, 2].map(() => openSocket(Number(new URL(other.at).port))))
    toOther[1]?.write('GET /healthz HT')
    const toldAtMs = performance.now()
    other.kill('SIGINT')
    expect(await other.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - toldAtMs).toBeLessThan(8_000)
    for (const socket of [...sockets, ...toOther]) socket.destroy()
  }, 60_000)
})

const noCurl = reasonToSkip('curl', ['--help', 'all'], /--aws-sigv4/)
test.skipIf(noCurl !== '')(`the line that the hub prints works as printed${noCurl}`, async () => {
  const line = /^try: (curl .*)$/m.exec(hub.output())?.[1] ?? ''
  const { stdout } = await run('sh', ['-c', `${line} -sS --fail-with-body --noproxy '*'`], { cwd, env: plainEnv() })
  expect(JSON.parse(stdout)).toMatchObject({ workers: [{ name: 'basics' }] })
})

const noBotocore = reasonToSkip('python3', ['-c', 'import botocore; print(botocore.__version__)'], /^1\./)
test.skipIf(noBotocore !== '')(`botocore submits and looks${noBotocore}`, async () => {
  const { accessKeyId, secretAccessKey } = keysOf(join(cwd, 'my data'))
  const { stdout } = await run('python3', ['-c', script, hub.at, accessKeyId, secretAccessKey, body], {
    env: plainEnv(),
  })
  const answers: unknown = JSON.parse(stdout)
  expect(answers).toMatchObject([
    { status: 202, body: { command: 'basics.echo' } },
    { status: 200, body: { command: 'basics.echo' } },
  ])
})

const script = `
import json, sys, http.client
from urllib.parse import urlsplit
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
origin, key, secret, body = sys.argv[1:]
def call(method, path, data=None):
    request = AWSRequest(method=method, url=origin + path, data=data, headers={'content-type': 'application/json'})
    SigV4Auth(Credentials(key, secret), 'execute-api', 'local').add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(origin).netloc)
    connection.request(method, path, body=request.data, headers=dict(request.headers))
    answer = connection.getresponse()
    return {'status': answer.status, 'body': json.loads(answer.read())}
created = call('POST', '/v1/tasks', body.encode())
print(json.dumps([created, call('GET', '/v1/tasks/' + created['body']['id'] + '?wait=5')]))
`

function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => socket.destroy())
  })
}

function reasonToSkip(command: string, args: readonly string[], pattern: RegExp): string {
  const probe = spawnSync(command, args, { encoding: 'utf8' })
  return probe.status === 0 && pattern.test(probe.stdout) ? '' : ` (skipped: no usable ${command} here)`
}

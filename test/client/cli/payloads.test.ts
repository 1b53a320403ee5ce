import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startCli } from '../../support/cli.ts'
import { problem, type Script, taskOf } from '../../support/scripted-hub.ts'

const ID = '01K9Z0000000000000000000AB'
const PAYLOAD = '01K9Z0000000000000000000PP'
const sha256Of = (bytes: string) => createHash('sha256').update(bytes).digest('hex')

/** Where the bytes go: the scripted hub reads bodies as JSON, so they have a place of their own, as on S3. */
async function startBucket(answer: { readonly status: number } = { status: 200 }) {
  const got: { readonly body: string; readonly type: string | undefined }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      got.push({ body, type: request.headers['content-type'] })
      response.writeHead(answer.status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return {
    got,
    url: `http://127.0.0.1:${address.port}/put`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const hubWith =
  (uploadUrl: string): Script =>
  ({ method, path, body }) => {
    if (path === '/v1/payloads') {
      const declared = body as { readonly contentType: string }
      const headers = { 'content-type': declared.contentType }
      const upload = { method: 'PUT', url: uploadUrl, headers, expiresAt: '2026-11-30T08:15:00.000Z' }
      return { status: 201, body: { payload: { id: PAYLOAD, ...declared }, upload } }
    }
    if (method === 'POST') return { status: 202, body: taskOf({ id: ID }) }
    return problem(404, 'not-found', 'no')
  }

describe('payloads upload', () => {
  it('sends a file and prints its id, in words or as JSON', async () => {
    await using bucket = await startBucket()
    await using cli = await startCli(hubWith(bucket.url))
    await writeFile(join(cli.cwd, 'note.txt'), 'hello')
    const ran = await cli.run(['payloads', 'upload', 'note.txt'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toMatch(new RegExp(`^payload +${PAYLOAD}\nsize +5 B\ncontent type +text/plain`))
    expect(bucket.got).toEqual([{ body: 'hello', type: expect.stringMatching(/^text\/plain/) }])
    expect(cli.hub.seen[0]?.body).toMatchObject({ size: 5, sha256: sha256Of('hello') })
    const json = await cli.run(['payloads', 'upload', 'note.txt', '--content-type', 'a/b', '--json'])
    expect(JSON.parse(json.out)).toMatchObject({ id: PAYLOAD, contentType: 'a/b' })
  })

  it.each([
    ['a file that is not there', ['payloads', 'upload', 'none.txt'], /There is no file .*none\.txt/],
    ['a folder', ['payloads', 'upload', '.'], /is no file/],
    ['no file', ['payloads', 'upload'], /missing required argument 'file'/],
    ['submit with a file that is not there', ['submit', 'a', '--file', 'none'], /There is no file/],
    [
      'submit with two files of one name',
      ['submit', 'a', '--file', 'x=a', '--file', 'x=b'],
      /There is no file|called 'x'/,
    ],
    ['submit with too many', ['submit', 'a', ...Array(21).fill('--file=x')], /at most 20 files/],
  ])('refuses %s before anything is sent', async (_, words, message) => {
    await using cli = await startCli()
    expect(await cli.run(words)).toMatchObject({ code: 2, err: expect.stringMatching(message) })
    expect(cli.hub.seen).toHaveLength(0)
  })
})

it('submit --file sends the files and names them in the task', async () => {
  await using bucket = await startBucket()
  await using cli = await startCli(hubWith(bucket.url))
  await writeFile(join(cli.cwd, 'a.txt'), 'A')
  await mkdir(join(cli.cwd, 'sub'))
  await writeFile(join(cli.cwd, 'sub', 'b.txt'), 'B')
  const ran = await cli.run(['submit', 'video.convert', '{}', '--file', 'a.txt', '--file', 'input.bin=sub/b.txt'])
  expect(ran.code).toBe(0)
  expect(bucket.got.map(({ body }) => body)).toEqual(['A', 'B'])
  expect(cli.hub.seen.at(-1)?.body).toMatchObject({
    files: [
      { name: 'a.txt', payload: PAYLOAD },
      { name: 'input.bin', payload: PAYLOAD },
    ],
  })
})

/** Answers the file's bytes as a hub does. The second hash is what it claims. */
const serving =
  (bytes: string, claimed = sha256Of(bytes)): Script =>
  ({ path }) => {
    if (path !== `/v1/tasks/${ID}/files/out.csv`) return problem(404, 'not-found', 'the task has no such file')
    const headers = {
      'content-type': 'text/csv',
      etag: `"${claimed}"`,
      'content-length': String(Buffer.byteLength(bytes)),
    }
    return { headers, body: bytes }
  }

describe('payloads download', () => {
  it('brings a file under its name, into a folder, under another name, or to standard output', async () => {
    await using cli = await startCli(serving('a;b\n'))
    const out = await cli.run(['payloads', 'download', ID, 'out.csv'])
    expect(out).toEqual({ code: 0, out: `${join(cli.cwd, 'out.csv')}  4 B  text/csv\n`, err: '' })
    expect(await readFile(join(cli.cwd, 'out.csv'), 'utf8')).toBe('a;b\n')
    await mkdir(join(cli.cwd, 'sub'))
    expect((await cli.run(['payloads', 'download', ID, 'out.csv', '-o', 'sub'])).code).toBe(0)
    expect((await cli.run(['payloads', 'download', ID, 'out.csv', '-o', 'sub/mine.csv', '--json'])).out).toMatch(
      /"size":4/,
    )
    expect(await readdir(join(cli.cwd, 'sub'))).toEqual(['mine.csv', 'out.csv'])
    expect(await cli.run(['payloads', 'download', ID, 'out.csv', '-o', '-'])).toEqual({
      code: 0,
      out: 'a;b\n',
      err: '',
    })
  })

  it('writes over nothing unless it is told to', async () => {
    await using cli = await startCli(serving('new'))
    await writeFile(join(cli.cwd, 'out.csv'), 'old')
    const ran = await cli.run(['payloads', 'download', ID, 'out.csv'])
    expect(ran).toMatchObject({ code: 2, err: expect.stringMatching(/is there already: give --force/) })
    expect(cli.hub.seen).toHaveLength(0)
    expect((await cli.run(['payloads', 'download', ID, 'out.csv', '--force'])).code).toBe(0)
    expect(await readFile(join(cli.cwd, 'out.csv'), 'utf8')).toBe('new')
  })

  it('leaves nothing behind where the bytes are not those of the checksum', async () => {
    await using cli = await startCli(serving('damaged', sha256Of('whole')))
    const ran = await cli.run(['payloads', 'download', ID, 'out.csv'])
    expect(ran).toMatchObject({ code: 6, out: '', err: expect.stringMatching(/checksum/) })
    expect(await readdir(cli.cwd)).toEqual([])
  })

  it.each([
    ['a file that the task has not', ['payloads', 'download', ID, 'other'], 3, /has no such file/],
    ['a name that leads elsewhere', ['payloads', 'download', ID, '../etc'], 2, /is no plain file name/],
    ['a name that hides', ['payloads', 'download', ID, '.profile'], 2, /is no plain file name/],
    ['JSON and bytes in one', ['payloads', 'download', ID, 'out.csv', '-o', '-', '--json'], 2, /cannot both/],
    ['a folder that is not there', ['payloads', 'download', ID, 'out.csv', '-o', 'no/where'], 2, /cannot be written/],
  ])('refuses %s', async (_, words, code, message) => {
    await using cli = await startCli(serving('x'))
    expect(await cli.run(words)).toMatchObject({ code, err: expect.stringMatching(message) })
    expect(await readdir(cli.cwd)).toEqual([])
  })
})

it('payloads list and get show the files of a task', async () => {
  const file = (name: string, size: number) => ({ name, size, sha256: sha256Of(name), contentType: 'text/csv' })
  const task = taskOf({ id: ID, files: [file('in.csv', 12)], result: { files: [file('out.csv', 31_337)] } })
  await using cli = await startCli(() => ({ body: task }))
  const { out } = await cli.run(['payloads', 'list', ID])
  expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 4))).toEqual([
    ['NAME', 'OF', 'SIZE', 'CONTENT TYPE'],
    ['in.csv', 'arguments', '12 B', 'text/csv'],
    ['out.csv', 'result', '31.3 kB', 'text/csv'],
    [''],
  ])
  expect(JSON.parse((await cli.run(['payloads', 'list', ID, '--json'])).out).files).toHaveLength(2)
  expect((await cli.run(['get', ID])).out).toMatch(/files +in\.csv {2}12 B {2}text\/csv[\s\S]*result files +out\.csv/)
  await using none = await startCli(() => ({ body: taskOf({ id: ID }) }))
  expect(await none.run(['payloads', 'list', ID])).toMatchObject({ code: 0, err: 'The task has no files.\n' })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Verification, verifyRequest } from '#adapters/sigv4/verify'
import { signRequest } from '#client/sign'

const SECRET = 'a-secret_of-the-tests-0123456789'
const NOW = Date.UTC(2026, 5, 1, 12)

const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !/^\.{1,2}$/.test(text))
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  segments: fc.array(segment, { maxLength: 4 }),
  query: fc.array(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })), {
    maxLength: 5,
  }),
  headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), fc.stringMatching(/^[ -~]{0,20}$/), { maxKeys: 3 }),
  body: fc.option(fc.uint8Array({ maxLength: 64 }), { nil: undefined }),
})
type Sample = typeof request extends fc.Arbitrary<infer T> ? T : never

async function sign({ method, segments, query, headers, body }: Sample): Promise<Verification> {
  const url = new URL('http://127.0.0.1:4400')
  url.pathname = `/${segments.map(encodeURIComponent).join('/')}`
  // The client's signer loses a query key named __proto__; nobody has one.
  for (const [name, value] of query) if (name !== '__proto__') url.searchParams.append(name, value)
  const options = { credentials: { accessKeyId: 'TK', secretAccessKey: SECRET }, region: 'local', now: NOW }
  const signed = await signRequest({ method, url, headers, ...(body === undefined ? {} : { body }) }, options)
  return {
    method,
    url: url.pathname + url.search,
    headers: { ...signed, host: url.host },
    body: body ?? new Uint8Array(),
    now: NOW,
    lookUp: (id) => (id === 'TK' ? SECRET : undefined),
    service: 'execute-api',
  }
}

it('whatever the client signs is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (sample) => {
      expect(verifyRequest(await sign(sample))).toEqual({ ok: true, accessKeyId: 'TK' })
    }),
    { numRuns: 500 },
  )
})

it('one bit changed in body, path, query, a header or the method and it is refused', async () => {
  const place = fc.constantFrom('body', 'url', 'header', 'method')
  await fc.assert(
    fc.asyncProperty(request, place, fc.nat(), fc.nat(7), async (sample, where, at, bit) => {
      const good = await sign(sample)
      const bad = flipped(good, where, at, bit)
      fc.pre(bad !== undefined && !means(bad, good))
      if (bad !== undefined) expect(verifyRequest(bad).ok).toBe(false)
    }),
    { numRuns: 1_500 },
  )
})

function flipped(good: Verification, where: string, at: number, bit: number): Verification | undefined {
  if (where === 'body') {
    if (good.body.length === 0) return { ...good, body: new Uint8Array([at % 256]) }
    return { ...good, body: Buffer.from(flipByte(Buffer.from(good.body).toString('latin1'), at, bit), 'latin1') }
  }
  if (where === 'url') return { ...good, url: flipByte(good.url, at, bit) }
  if (where === 'method') return { ...good, method: flipByte(good.method, at, bit) }
  const names = Object.keys(good.headers)
  const name = names[at % names.length] ?? ''
  return { ...good, headers: { ...good.headers, [name]: flipByte(good.headers[name] ?? '', at, bit) } }
}

function flipByte(text: string, at: number, bit: number): string {
  if (text === '') return 'x'
  const index = at % text.length
  const flippedCode = text.charCodeAt(index) ^ (1 << bit)
  return text.slice(0, index) + String.fromCharCode(flippedCode) + text.slice(index + 1)
}

/** Two spellings of one request (%c3 for %C3, + for %20, spaces in a header) are the same request. */
function means(a: Verification, b: Verification): boolean {
  const spelled = ({ method, url, headers, body }: Verification): string => {
    const parsed = URL.canParse(url, 'http://h') ? new URL(url, 'http://h') : undefined
    const query = [...(parsed?.searchParams ?? [])].filter(([name, value]) => name !== '' || value !== '').sort()
    const values = Object.entries(headers).map(([name, value]) => [name, value?.replace(/\s+/g, ' ').trim()])
    return JSON.stringify([method, unescaped(parsed?.pathname ?? ''), query, values, Buffer.from(body).toString('hex')])
  }
  return spelled(a) === spelled(b)
}

function unescaped(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    hex.toLowerCase() === '2f' ? '%2f' : String.fromCharCode(parseInt(hex, 16)),
  )
}

import { expect, it } from 'vitest'
import { type Verification, verifyRequest } from '#adapters/sigv4/verify'

// Out of the test suite that AWS publishes for Signature Version 4.
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const NOW = Date.UTC(2015, 7, 30, 12, 36)

interface Vector {
  readonly name: string
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signature: string
}

const VECTORS: readonly Vector[] = [
  { name: 'get-vanilla', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'get-vanilla-query-order-key-case',
    url: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-unreserved',
    url: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  {
    name: 'get-utf8',
    url: Buffer.from('/ሴ').toString('latin1'),
    signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
]

function asReceived({ method = 'GET', url = '/', headers = {}, body = '', signature }: Vector): Verification {
  const signed = { ...headers, host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' }
  const scope = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
  const names = Object.keys(signed).sort().join(';')
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=${signature}`
  const lookUp = (id: string): string | undefined => (id === 'AKIDEXAMPLE' ? SECRET : undefined)
  return {
    method,
    url,
    headers: { ...signed, authorization },
    body: Buffer.from(body),
    now: NOW,
    lookUp,
    service: 'service',
  }
}

it.each(VECTORS)('accepts $name', (vector) => {
  expect(verifyRequest(asReceived(vector))).toEqual({ ok: true, accessKeyId: 'AKIDEXAMPLE' })
})

it.each(VECTORS)('refuses $name with another body', (vector) => {
  expect(verifyRequest({ ...asReceived(vector), body: Buffer.from('other') })).toMatchObject({ reason: 'signature' })
})

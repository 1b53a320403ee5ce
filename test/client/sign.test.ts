import { expect, it } from 'vitest'
import { signRequest } from '#client/sign'

const OPTIONS = {
  credentials: { accessKeyId: 'AK', secretAccessKey: 'secret' },
  region: 'eu-west-1',
  now: Date.UTC(2026, 0, 2, 3, 4, 5),
}
const REQUEST = { method: 'GET', url: new URL('https://hub.example/v1/tasks?a=1'), headers: {} }

it('gives the headers to send, without those that the transport sets', async () => {
  const headers = { Host: 'elsewhere', 'Content-Length': '3', Accept: 'application/json' }
  const signed = await signRequest({ ...REQUEST, headers }, OPTIONS)
  expect(Object.keys(signed).sort()).toEqual(['accept', 'authorization', 'x-amz-content-sha256', 'x-amz-date'])
  expect(signed.authorization).toContain('Credential=AK/20260102/eu-west-1/execute-api/aws4_request, ')
  expect(signed['x-amz-date']).toBe('20260102T030405Z')
})

it('gives the same for the same, and leaves what it was given alone', async () => {
  const headers = Object.freeze({ accept: 'x' })
  const url = new URL(REQUEST.url)
  const request = Object.freeze({ ...REQUEST, url, headers, body: 'abc' })
  expect(await signRequest(request, OPTIONS)).toEqual(await signRequest(request, OPTIONS))
  expect(url.href).toBe(REQUEST.url.href)
})

it('sends a session token along, signed', async () => {
  const credentials = { ...OPTIONS.credentials, sessionToken: 'token' }
  const signed = await signRequest(REQUEST, { ...OPTIONS, credentials })
  expect(signed['x-amz-security-token']).toBe('token')
  expect(signed.authorization).toContain('x-amz-security-token')
})

it('signs text and its bytes alike', async () => {
  const text = await signRequest({ ...REQUEST, body: 'grün' }, OPTIONS)
  const bytes = await signRequest({ ...REQUEST, body: Buffer.from('grün') }, OPTIONS)
  expect(text).toEqual(bytes)
})

it('refuses a header that could not arrive as signed, by its name', async () => {
  await expect(signRequest({ ...REQUEST, headers: { 'x-note': 'grün' } }, OPTIONS)).rejects.toThrow(/x-note.*ASCII/)
})

import { describe, expect, it } from 'vitest'
import { jsonTextOf } from '#worker-runtime/json-text'

const cycle: Record<string, unknown> = { deep: {} }
cycle.deep = { back: cycle }

describe('the JSON of a result', () => {
  it.each([
    ['nothing', undefined, undefined],
    ['null', null, 'null'],
    [
      'what has its own JSON',
      { at: new Date(0), url: new URL('http://x/') },
      '{"at":"1970-01-01T00:00:00.000Z","url":"http://x/"}',
    ],
    ['an undefined field', { a: 1, b: undefined }, '{"a":1}'],
    ['the same object twice', [cycle.nothing ?? 1, 1], '[1,1]'],
  ])('is made of %s', (_what, value, text) => {
    expect(jsonTextOf(value)).toEqual({ ok: true, text })
  })

  it.each([
    ['a function', { a: [{ f: () => 1 }] }, '/a/0/f is a function'],
    ['a bigint', 1n, '/ is a bigint'],
    ['a symbol', { s: Symbol('x') }, '/s is a symbol'],
    ['a cycle', cycle, '/deep/back refers back'],
    ['NaN', { n: Number.NaN }, '/n is NaN'],
    ['a hole', [1, undefined], '/1 is undefined'],
    ['a Map', { m: new Map() }, '/m is a Map'],
    ['an Error', new Error('x'), '/ is a Error'],
    ['a promise', { p: Promise.resolve() }, '/p is a Promise'],
  ])('is refused with the place of %s', (_what, value, message) => {
    expect(jsonTextOf(value)).toMatchObject({ ok: false, code: 'not-json', message: expect.stringContaining(message) })
  })

  it('is kept apart when it is large, and has a limit that is told', () => {
    expect(jsonTextOf('ä'.repeat(200_000))).toMatchObject({ ok: true, isLarge: true })
    expect(jsonTextOf('ä'.repeat(9_000_000))).toMatchObject({ ok: false, code: 'output-too-large' })
    expect(jsonTextOf('a'.repeat(200_000))).toMatchObject({ ok: true })
  })
})

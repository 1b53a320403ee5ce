import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { JsonSchema } from '#core/contract/manifest'
import { compileSchema } from '#functions/api/compile-schema'

describe('the check of arguments at the door', () => {
  it('keeps the patterns of one schema apart', () => {
    const check = compileSchema({
      type: 'object',
      properties: {
        code: { type: 'string', pattern: '^[A-Z]{3}$' },
        street: { type: 'string', pattern: '^\\P{Cc}+$' },
      },
    })
    expect(check({ code: 'EUR', street: 'Carrera 22 #8-35' })).toEqual([])
    expect(check({ code: 'eur' })).toEqual([{ field: '/code', message: 'must match pattern "^[A-Z]{3}$"' }])
    expect(check({ street: 'two\nlines' })).toHaveLength(1)
  })

  it('takes linear time for a pattern that would backtrack without end', () => {
    const check = compileSchema({ type: 'string', pattern: '^(a+)+$' })
    expect(check(`${'a'.repeat(5_000)}!`)).toHaveLength(1)
  })

  it('refuses what no linear engine can express', () => {
    expect(() => compileSchema({ type: 'string', pattern: '(?=a)b' })).toThrow('RE2')
  })

  it('bounds the one format whose usual pattern would backtrack, and takes what it took', () => {
    const check = compileSchema({ type: 'string', format: 'url' })
    expect(check('https://example.com/a?b=c')).toEqual([])
    expect(check('no url')).toHaveLength(1)
    expect(check(`http://${'a:'.repeat(100_000)}`)).toHaveLength(1)
  })

  it('finds equal items of a long array without comparing all with all', () => {
    const check = compileSchema({ type: 'array', uniqueItems: true })
    const items = Array.from({ length: 50_000 }, (_, index) => ({ index }))
    expect(check(items)).toEqual([])
    expect(check([...items, { index: 7 }])).toEqual([{ field: '', message: 'must have no two equal items' }])
  })

  it('takes recursive schemas, also as zod writes them', () => {
    const Tree: z.ZodType = z.object({
      get children() {
        return z.array(Tree)
      },
    })
    const check = compileSchema(JsonSchema.parse(z.toJSONSchema(Tree)))
    expect(check({ children: [{ children: [] }] })).toEqual([])
    expect(check({ children: [{ children: [{}] }] })).toEqual([
      { field: '/children/0/children/0/children', message: 'is missing' },
    ])
    expect(compileSchema({ $id: 'own', properties: { child: { $ref: '#' } }, type: 'object' })({ child: 1 })).toEqual([
      { field: '/child', message: 'must be object' },
    ])
  })

  it('ends for a schema that refers to itself without end', () => {
    expect(compileSchema({ allOf: [{ $ref: '#' }] })(1)).toHaveLength(1)
    const loop = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }
    expect(() => compileSchema(loop)).toThrow(RangeError)
  })
})

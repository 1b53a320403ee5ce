import { describe, expect, it } from 'vitest'
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
})

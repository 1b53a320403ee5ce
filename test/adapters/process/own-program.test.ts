import { describe, expect, it } from 'vitest'
import { childFlags } from '#adapters/process/own-program'

describe('the flags that a process hands on to its children', () => {
  it('are those that say how modules are found and loaded', () => {
    const flags = ['--import', './loader.mjs', '--conditions=development', '-C', 'own', '-r', 'dotenv/config']
    expect(childFlags([...flags, '--enable-source-maps'])).toEqual([...flags, '--enable-source-maps'])
  })

  it.each([
    ['its program', ['--input-type=module', '-e', 'await import("x")']],
    ['its program, printed', ['-p', '1']],
    ['its debugger', ['--inspect-brk=9229', '--inspect-port', '0']],
    ['its tests', ['--test', '--test-name-pattern', 'orders']],
    ['its watch', ['--watch', '--watch-path', './src']],
    ['its room for short-lived objects', ['--max-semi-space-size=32', '--no-parallel-scavenge']],
  ])('are not %s', (_, flags) => {
    expect(childFlags(['--experimental-x', ...flags, '--import', 'tsx'])).toEqual([
      '--experimental-x',
      '--import',
      'tsx',
    ])
  })
})

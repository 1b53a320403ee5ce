import { describe, expect, test } from 'vitest'
import { violationsOf } from './support/architecture/check.ts'
import { importsOf } from './support/architecture/imports.ts'
import { readRepository } from './support/repository.ts'

describe('the architecture', () => {
  test('holds for every file of the repository', async () => {
    const files = await readRepository()
    expect(files.size).toBeGreaterThan(100)
    expect(violationsOf(files)).toEqual([])
  })
})

const head = 'export interface Head {}\n'

describe('the check', () => {
  const planted: readonly (readonly [name: string, path: string, text: string, expected: string])[] = [
    [
      'core reaching out',
      'core/a.ts',
      "import { open } from '#adapters/lmdb/store'\n",
      'imports adapters/lmdb/store.ts',
    ],
    ['a package in core', 'core/a.ts', "import ky from 'ky'\n", 'imports the package ky'],
    ['Node in core', 'core/a.ts', "import { createHash } from 'node:crypto'\n", 'imports node:crypto'],
    ['types only', 'core/a.ts', "import type { S } from '#adapters/lmdb/store'\n", 'imports adapters/lmdb/store.ts'],
    ['a re-export', 'core/a.ts', "export * from '../adapters/lmdb/store.ts'\n", 'imports adapters/lmdb/store.ts'],
    [
      'an import() call',
      'core/a.ts',
      "const s = await import('#adapters/lmdb/store')\n",
      'imports adapters/lmdb/store.ts',
    ],
    [
      'the contract leaning on core',
      'core/contract/a.ts',
      "import type { H } from '../head.ts'\n",
      'imports core/head.ts',
    ],
    ['a client that knows heads', 'client/a.ts', "import type { H } from '#core/head'\n", 'imports core/head.ts'],
    ['the client knowing its CLI', 'client/a.ts', "import { b } from './cli/b.ts'\n", 'imports client/cli/b.ts'],
    [
      'a function in another',
      'functions/clock/a.ts',
      "import { r } from '../api/r.ts'\n",
      'imports functions/api/r.ts',
    ],
    ['lmdb elsewhere', 'embedded/a.ts', "import { open } from 'lmdb'\n", 'imports the package lmdb'],
    ['a scoped package', 'embedded/a.ts', "import { S } from '@aws-sdk/x/y'\n", 'imports the package @aws-sdk/x'],
    [
      'a handler',
      'embedded/a.ts',
      "import { h } from '#functions/api/handler'\n",
      'imports the handler functions/api/handler.ts',
    ],
    ['an import over lines', 'core/a.ts', "import {\n  a,\n  b,\n} from 'ky'\n", 'imports the package ky'],
    ['a missing file', 'core/a.ts', "import { x } from './x.ts'\n", 'imports core/x.ts, which is not there'],
    ['an unnamed package in an example', 'examples/e/a.ts', "import x from 'zod'\n", 'imports the package zod'],
    ['the repository in an example', 'examples/e/a.ts', "import x from '../../core/head.ts'\n", 'imports core/head.ts'],
    ['a new folder', 'helpers/a.ts', '\n', 'its folder is not in the table'],
    ['the time in core', 'core/a.ts', 'const now = Date.now()\n', 'Date.now: time, chance and ids come from a port'],
    ['today', 'functions/api/a.ts', 'f(new Date())\n', 'new Date(): time, chance and ids come from a port'],
    ['chance', 'embedded/a.ts', 'f(Math.random)\n', 'Math.random: time, chance and ids come from a port'],
    ['a timer in core', 'core/a.ts', 'setTimeout(f, 1)\n', 'sets a timer: waiting goes by the clock port'],
    ['the console', 'core/a.ts', 'console.warn(1)\n', 'writes to the console: use the log port'],
    ['a long file', 'core/a.ts', '\n'.repeat(401), '401 lines, more than 400'],
    ['a long executable', 'bin/a.ts', '\n'.repeat(21), '21 lines, more than 20 in bin'],
  ]
  test.each(planted)('finds %s', (_, path, text, expected) => {
    const files = new Map([
      ['core/head.ts', head],
      ['adapters/lmdb/store.ts', head],
      ['functions/api/r.ts', head],
      ['functions/api/handler.ts', head],
      ['client/cli/b.ts', head],
      ['examples/e/package.json', '{ "dependencies": { "pdfkit": "1" } }'],
      [path, text],
    ])
    expect(violationsOf(files)).toEqual([`${path}: ${expected}`])
  })

  test('leaves alone what is allowed', () => {
    const core = "import { z } from 'zod'\nimport type { T } from './contract/t.ts'\nnew Date(0)\n// Date.now()\n"
    const files = new Map([
      ['core/a.ts', core],
      ['core/contract/t.ts', "/**\n * @example\n * import { x } from 'taskurai/client'\n */\nexport type T = 1\n"],
      ['adapters/system/c.ts', "import { now } from 'node:process'\nimport type { P } from '#core/a'\nDate.now()\n"],
      ['examples/e/package.json', '{ "dependencies": { "pdfkit": "1" } }'],
      ['examples/e/a.ts', "import pdf from 'pdfkit'\nDate.now()\n"],
      ['test/a.test.ts', "import { open } from 'lmdb'\nDate.now()\n"],
    ])
    expect(violationsOf(files)).toEqual([])
  })

  test('tells paths, packages and Node apart', () => {
    const text = "import 'tsx'\nimport a from './b.ts'\nimport c from '#core/d'\nimport e from 'node:fs'\n"
    expect(importsOf('client/a.ts', text)).toEqual([
      { kind: 'path', path: 'client/b.ts' },
      { kind: 'path', path: 'core/d.ts' },
      { kind: 'node', name: 'node:fs' },
      { kind: 'package', name: 'tsx' },
    ])
  })
})

import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from './support/repository.ts'

const block = /(?:<!-- file: (?<file>\S+) -->\n\n)?```(?<language>\w+)\n(?<code>[\s\S]*?)```\n/g
const link = /\]\((?<path>[^)#:]+)(?:#[^)]*)?\)/g

describe('the README', () => {
  test('shows TypeScript only as it stands in a file', async () => {
    const readme = await readFile(join(repository, 'README.md'), 'utf8')
    const shown = [...readme.matchAll(block)].filter((match) => match.groups?.language === 'ts')
    expect(shown.length).toBeGreaterThan(0)
    for (const { groups } of shown) {
      expect(groups?.file, groups?.code).toBeDefined()
      expect(groups?.code).toBe(await readFile(join(repository, groups?.file ?? ''), 'utf8'))
    }
  })

  test('names npm scripts and files that are there', async () => {
    const readme = await readFile(join(repository, 'README.md'), 'utf8')
    const { scripts } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
    const named = [...readme.matchAll(/npm run ([a-z]+)/g)].map((match) => match[1] ?? '')
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
    for (const { groups } of readme.matchAll(link)) await access(join(repository, groups?.path ?? ''))
  })
})

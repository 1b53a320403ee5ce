import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from './support/repository.ts'

/** Pages show code only as it stands in a file that tests run: `<!-- file: path -->`, or `path#region` for a part. */
const block = /(?:<!-- file: (?<file>[^\s#]+)(?:#(?<region>\S+))? -->\n\n)?```(?<language>\w+)\n(?<code>[\s\S]*?)```\n/g
const link = /\]\((?<path>[^)#:]+)(?:#[^)]*)?\)/g
/** What is a program; commands and data are not. */
const programs = new Set(['ts', 'js', 'py'])

const docs = (await readdir(join(repository, 'docs')))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
const textOf = (path: string) => readFile(join(repository, path), 'utf8')

describe.each(['README.md', ...docs])('%s', (page) => {
  test('shows programs only as they stand in a file', async () => {
    for (const { groups } of (await textOf(page)).matchAll(block)) {
      if (!programs.has(groups?.language ?? '')) continue
      expect(groups?.file, groups?.code).toBeDefined()
      const file = await textOf(groups?.file ?? '')
      expect(groups?.code).toBe(groups?.region === undefined ? shown(file) : regionOf(file, groups.region))
    }
  })

  test('names npm scripts and files that are there', async () => {
    const text = await textOf(page)
    const { scripts } = JSON.parse(await textOf('package.json'))
    const named = [...text.matchAll(/npm run ([a-z]+)/g)].map((match) => match[1] ?? '')
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
    for (const { groups } of text.matchAll(link)) await access(join(repository, dirname(page), groups?.path ?? ''))
  })
})

test('the README shows its first worker', async () => {
  expect(await textOf('README.md')).toContain('<!-- file: examples/first-worker/worker.ts -->')
})

const marker = /^\s*(?:\/\/|#) #(?:region|endregion)\b.*\n/gm

/** A whole file, without the marks of its parts. */
function shown(file: string): string {
  return file.replaceAll(marker, '')
}

function regionOf(file: string, name: string): string {
  const lines = file.split('\n')
  const begin = lines.findIndex((line) => new RegExp(`^\\s*(?://|#) #region ${name}$`).test(line))
  const length = lines.slice(begin + 1).findIndex((line) => /^\s*(?:\/\/|#) #endregion/.test(line))
  if (begin < 0 || length < 0) throw new Error(`there is no region ${name}`)
  return `${lines.slice(begin + 1, begin + 1 + length).join('\n')}\n`
}

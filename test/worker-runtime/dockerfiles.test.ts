import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectFiles } from '#client/cli/templates/project'
import { copyOf, parseDockerfile, type Stage } from '../support/dockerfile.ts'
import { repository } from '../support/repository.ts'

const examples = ['orders', 'reports', 'media']
const own = await Promise.all(
  examples.map(
    async (name) => [name, await readFile(join(repository, 'examples', name, 'Dockerfile'), 'utf8')] as const,
  ),
)
const made = (['typescript', 'javascript'] as const).map((language) => {
  const files = projectFiles({ name: 'mailer', language, taskurai: '^1.0.0' })
  return [`a new ${language} project`, files.Dockerfile ?? '', files] as const
})

const texts = (stages: readonly Stage[], word: string) =>
  stages.flatMap(({ instructions }) => instructions.filter((one) => one.word === word).map(({ text }) => text))

describe.each([...own, ...made.map(([name, text]) => [name, text] as const)])('the image of %s', (_name, text) => {
  const stages = parseDockerfile(text)
  const last = stages.slice(-1)

  it('is built in stages on one pinned image, for whichever architecture is asked for', () => {
    expect(stages.length).toBeGreaterThan(1)
    expect(new Set(stages.map(({ image }) => image))).toEqual(new Set(['node:22-bookworm-slim']))
    expect(text).not.toMatch(/--platform|amd64|arm64|x86/i)
  })

  it('runs the program itself, as nobody special, so that it gets its signals', () => {
    expect(texts(last, 'USER')).toEqual(['node'])
    const entrypoint: unknown = JSON.parse(texts(last, 'ENTRYPOINT')[0] ?? '')
    expect(entrypoint).toEqual(expect.arrayContaining(['work']))
    expect(String(entrypoint)).not.toMatch(/\b(?:sh|bash|npx|npm|tini)\b/)
    expect(last[0]?.instructions.at(-1)?.word).toBe('ENTRYPOINT')
  })

  it('sets nothing that the hub or its operator sets, and has no check of its own', () => {
    expect(texts(stages, 'HEALTHCHECK')).toEqual([])
    expect(texts(last, 'ENV').join(' ')).not.toMatch(/NODE_OPTIONS|TASKURAI_|AWS_/)
    expect(texts(last, 'ENV').join(' ')).toContain('NODE_ENV=production')
  })

  it('takes its packages by the lock file, without those of development in the end', () => {
    const installs = texts(stages, 'RUN').filter((run) => run.includes('npm'))
    for (const install of installs) expect(install).toMatch(/^npm ci/)
    const modules = last
      .flatMap(({ instructions }) => instructions)
      .filter(({ text: each }) => /node_modules /.test(each))
    const [from] = modules.map((one) => copyOf(one).from)
    const packages = stages.filter(({ name }) => name === from)
    expect(texts(packages, 'RUN').join()).toContain('--omit=dev')
  })
})

describe.each(own)('the image of %s', (name, text) => {
  it('copies what there is, and what .dockerignore lets through', async () => {
    const stages = parseDockerfile(text)
    const ignore = (await readFile(join(repository, '.dockerignore'), 'utf8')).split('\n')
    const names = stages.map((stage) => stage.name)
    for (const instruction of stages.flatMap(({ instructions }) => instructions)) {
      if (instruction.word !== 'COPY') continue
      const { from, sources } = copyOf(instruction)
      if (from !== undefined) expect(names).toContain(from)
      else {
        for (const source of sources) {
          expect(existsSync(join(repository, source)), source).toBe(true)
          if (source !== '.') expect(ignore).toContain(`!${source.split('/')[0]}`)
        }
      }
    }
  })

  it('begins as the others do, and runs the worker it is named after', () => {
    const [module] = /examples\/\w+\/worker\.ts/.exec(text) ?? []
    expect(module).toBe(`examples/${name}/worker.ts`)
    expect(existsSync(join(repository, module ?? ''))).toBe(true)
    const [, first = ''] = own[0] ?? []
    expect(parseDockerfile(text)[0]).toEqual(parseDockerfile(first)[0])
  })
})

describe.each(made)('the image of %s', (_name, text, files) => {
  it('copies files that the project has, once npm has written its lock file', () => {
    const copies = parseDockerfile(text).flatMap(({ instructions }) =>
      instructions.filter(({ word }) => word === 'COPY'),
    )
    const sources = copies.map(copyOf).flatMap((copy) => (copy.from === undefined ? copy.sources : []))
    const there = new Set([...Object.keys(files), 'package-lock.json'])
    for (const source of sources) {
      const isThere = source.startsWith('*')
        ? [...there].some((file) => file.endsWith(source.slice(1)))
        : there.has(source)
      expect(isThere, source).toBe(true)
    }
  })
})

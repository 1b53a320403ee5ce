import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repository } from '../support/repository.ts'

/** Examples bring tests of their own, for Node's runner and `taskurai/testing`: what docs show of them is run here. */
const examples = await readdir(join(repository, 'examples'), { withFileTypes: true })
const files: string[] = []
for (const { name } of examples.filter((entry) => entry.isDirectory())) {
  for (const file of await readdir(join(repository, 'examples', name))) {
    if (file.endsWith('.test.ts')) files.push(`examples/${name}/${file}`)
  }
}

describe('the examples’ own tests', () => {
  it('are there for every example that has a worker', () => {
    const tested = files.map((file) => file.split('/')[1])
    expect(tested).toEqual(expect.arrayContaining(['first-worker', 'guide', 'monolith', 'orders', 'workflows']))
  })

  it.each(files)('%s passes', { timeout: 120_000 }, (file) => {
    // Node's runner in a process of its own; what it would inherit of this one is not its business.
    const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--test', '--test-reporter=tap', file],
      {
        cwd: repository,
        encoding: 'utf8',
        env,
        timeout: 110_000,
      },
    )
    expect(status, `${stdout}${stderr}`).toBe(0)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1] ?? 0)).toBeGreaterThan(0)
  })
})

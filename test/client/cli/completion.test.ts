import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type CliStage, startCli } from '../../support/cli.ts'

const run = promisify(execFile)
const has = async (shell: string) =>
  run(shell, ['-c', 'true']).then(
    () => true,
    () => false,
  )

/** What bash offers for these words; the last one is what was begun. */
async function offers(cli: CliStage, ...words: readonly string[]): Promise<readonly string[]> {
  const { out } = await cli.run(['completion', 'bash'])
  await writeFile(join(cli.cwd, '.script'), out)
  const quoted = ['taskurai', ...words].map((word) => `'${word}'`).join(' ')
  const script = `set -eu; source ./.script; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _taskurai; printf '%s\\n' "\${COMPREPLY[@]-}"`
  const { stdout, stderr } = await run('bash', ['--norc', '-c', script], { cwd: cli.cwd })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '')
}

describe('in bash', () => {
  it('completes commands, and those below them', async () => {
    await using cli = await startCli()
    expect(await offers(cli, 'wa')).toEqual(['watch', 'watch-token'])
    expect(await offers(cli, 're')).toEqual(['retry', 'resume'])
    expect(await offers(cli, 'keys', '')).toEqual(expect.arrayContaining(['add', 'list', 'remove', '--help']))
    expect(await offers(cli, 'keys', 'a')).toEqual(['add'])
    expect(await offers(cli, 'nothing')).toEqual([])
  })

  it('completes options of the command that was given, wherever they stand', async () => {
    await using cli = await startCli()
    expect(await offers(cli, 'list', '--st')).toEqual(['--status'])
    expect(await offers(cli, 'logs', '01K9', '--f')).toEqual(['--follow'])
    expect(await offers(cli, 'payloads', 'download', '--fo')).toEqual(['--force'])
    expect(await offers(cli, 'submit', 'a.b', '--not')).toEqual(['--not-start-after'])
    expect(await offers(cli, '--ver')).toEqual(['--version'])
  })

  it('completes values where they are few, and files where they are files', async () => {
    await using cli = await startCli()
    await mkdir(join(cli.cwd, 'workers dir'))
    await writeFile(join(cli.cwd, 'work it.ts'), '')
    expect(await offers(cli, 'list', '--status', 'su')).toEqual(['suspended', 'succeeded'])
    expect(await offers(cli, 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
    expect(await offers(cli, 'serve', '--worker', 'work')).toEqual(
      expect.arrayContaining(['work it.ts', 'workers dir']),
    )
    expect(await offers(cli, 'work', 'work')).toHaveLength(2)
    expect(await offers(cli, 'submit', '--subject', '')).toEqual([])
  })
})

it('knows every command and option of the parser, in every shell', async () => {
  await using cli = await startCli()
  const help = (await cli.run(['submit', '--help'])).out
  const options = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name = '']) => name)
  expect(options.length).toBeGreaterThan(15)
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out } = await cli.run(['completion', shell])
    for (const option of options) expect(out).toContain(shell === 'fish' ? ` -l ${option.slice(2)} ` : option)
    expect(out).toContain('watch')
  }
})

it.each(['bash', 'zsh', 'fish'])('%s takes its script without complaint, where it is installed', async (shell) => {
  if (!(await has(shell))) return
  await using cli = await startCli()
  const { out } = await cli.run(['completion', shell])
  const path = join(cli.cwd, 'script')
  await writeFile(path, out)
  await expect(run(shell, ['-n', path])).resolves.toMatchObject({ stderr: '' })
})

it('refuses a shell that it does not know', async () => {
  await using cli = await startCli()
  const ran = await cli.run(['completion', 'tcsh'])
  expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/Allowed choices are bash, zsh, fish/) })
})

import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { keysOf, makeFolder, type OpenHubProcess, plainEnv, startHub } from '../../support/hub-process.ts'
import { screenOf } from '../../support/screen.ts'

/** The command line as people have it: a real process on a real terminal, before a real hub. */

const launcher = fileURLToPath(new URL('../../../bin/taskurai.mjs', import.meta.url))
const ptyRun = fileURLToPath(new URL('../../support/pty-run.py', import.meta.url))
const hasPython = spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status === 0
const testMostMs = 90_000

interface Typed {
  readonly code: number
  readonly written: string
}

interface Sitting {
  readonly folder: string
  readonly hub: OpenHubProcess
  readonly interruptAt?: string
  readonly columns?: number
  readonly env?: Readonly<Record<string, string>>
}

function onTerminal({ folder, hub, interruptAt = '', columns = 90, env = {} }: Sitting, words: readonly string[]) {
  const { accessKeyId, secretAccessKey } = keysOf(folder)
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
  const args = [ptyRun, String(columns), '24', interruptAt, process.execPath, launcher, ...words]
  return new Promise<Typed>((resolve) => {
    const options = { env: plainEnv({ ...keys, TASKURAI_ENDPOINT: hub.at, TERM: 'xterm', ...env }) }
    execFile('python3', args, options, (error, stdout) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, written: stdout })
    })
  })
}

describe.skipIf(!hasPython)(hasPython ? 'on a terminal' : 'on a terminal: skipped, no python3', () => {
  it(
    'watch draws a bar while the task runs, and Ctrl-C leaves the task alone',
    async () => {
      await using folder = await makeFolder()
      await using hub = await startHub({ folder: folder.path, workers: ['basics'] })
      const at = { folder: folder.path, hub }
      const { id } = await hub.client.submit('basics.count')
      const watched = await onTerminal(at, ['watch', id])
      expect(watched.code, watched.written).toBe(0)
      const screen = screenOf(watched.written.replaceAll('\r\n', '\n'), 90)
      expect(screen).toEqual([
        `${id}  basics.count@1`,
        expect.stringMatching(/^succeeded {2}━{40} {2}100 % {2}\d\.\d s$/),
      ])
      expect(watched.written).toContain('\u001b[32msucceeded\u001b[39m')
      expect(watched.written.match(/at \d0/g)?.length).toBeGreaterThan(0)

      const next = await hub.client.submit('basics.count')
      const left = await onTerminal({ ...at, interruptAt: 'running' }, ['watch', next.id])
      expect(left.code).toBe(130)
      expect((await hub.client.wait(next)).status).toBe('succeeded')
    },
    testMostMs,
  )

  it(
    'tables, help and logs are as wide as the terminal, and NO_COLOR keeps them plain',
    async () => {
      await using folder = await makeFolder()
      await using hub = await startHub({ folder: folder.path, workers: ['talkative'] })
      const at = { folder: folder.path, hub, columns: 72 }
      const { id } = await hub.client.submit(
        'talkative.talk',
        { lines: 3, pauseMs: 300 },
        { subject: 'long '.repeat(30) },
      )
      const followed = await onTerminal({ ...at, env: { NO_COLOR: '1' } }, ['logs', id, '--follow'])
      expect(followed.code, followed.written).toBe(0)
      expect(followed.written.match(/run 1 {2}line\.said n=\d\r\n/g)).toHaveLength(3)
      expect(followed.written).not.toContain('\u001b')
      for (const words of [['list'], ['workers'], ['help', 'list']]) {
        const { code, written } = await onTerminal(at, words)
        expect(code, written).toBe(0)
        const widths = stripVTControlCharacters(written)
          .split('\r\n')
          .map((line) => line.length)
        expect(Math.max(...widths), written).toBeLessThanOrEqual(72)
      }
    },
    testMostMs,
  )
})

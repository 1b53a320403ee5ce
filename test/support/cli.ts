import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CliWorld, runCli } from '#client/cli/run-cli'
import { hubKey, type Script, type ScriptedHub, startScriptedHub } from './scripted-hub.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface CliStage extends AsyncDisposable {
  readonly hub: ScriptedHub
  readonly cwd: string
  readonly run: (words: readonly string[], world?: Partial<CliWorld>) => Promise<Ran>
}

/** The CLI in a folder of its own, with keys for a hub that answers by a script. */
export async function startCli(script: Script = () => ({})): Promise<CliStage> {
  const cwd = await mkdtemp(join(tmpdir(), 'taskurai-cli-'))
  let now = Date.now()
  const pause = async (ms: number): Promise<void> => {
    now += ms
  }
  const hub = await startScriptedHub(script, () => now)
  const env = {
    TASKURAI_ENDPOINT: hub.endpoint,
    AWS_ACCESS_KEY_ID: hubKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: hubKey.secretAccessKey,
    HOME: cwd,
  }
  return {
    hub,
    cwd,
    run: async (words, given = {}) => {
      const stdout = memoryStream()
      const stderr = memoryStream()
      const code = await runCli({
        ...{ argv: words, stdout, stderr, stdin: oneChunk(''), cwd, isTerminal: false, version: '1.2.3' },
        client: { pause, now: () => now },
        ...given,
        env: { ...env, ...given.env },
      })
      return { code, out: stdout.text(), err: stderr.text() }
    },
    [Symbol.asyncDispose]: async () => {
      await hub[Symbol.asyncDispose]()
      await rm(cwd, { recursive: true, force: true })
    },
  }
}

export function memoryStream(columns?: number) {
  let text = ''
  const write = (part: string, done: (error?: Error | null) => void): boolean => {
    text += part
    done()
    return true
  }
  return Object.assign(new EventEmitter(), { write, columns, text: () => text })
}

/** A pipe whose reader goes away after so many writes, as `| head -1` does. */
export function brokenPipe(writes: number) {
  let text = ''
  let count = 0
  const stream = Object.assign(new EventEmitter(), {
    text: () => text,
    write: (part: string, done: (error?: Error | null) => void): boolean => {
      if (++count > writes) {
        const error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
        done(error)
        // As Node does it: first the callback, then the event, and without a listener the process dies.
        queueMicrotask(() => stream.emit('error', error))
        return false
      }
      text += part
      done()
      return true
    },
  })
  return stream
}

export async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

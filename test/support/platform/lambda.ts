import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * A function of the hub, as it is deployed: its own bundle, in processes of its own with the environment and the keys of
 * its role. Each of them takes one event at a time; there may be several, which know nothing of each other.
 */

export interface LambdaOptions {
  readonly name: string
  /** Path of the bundle. */
  readonly bundle: string
  readonly env: Readonly<Record<string, string>>
  readonly environments?: number
  readonly timeoutMs: number
}

export interface Lambda extends AsyncDisposable {
  /** Rejects with what the handler threw, or when the time is over. */
  readonly invoke: (event: unknown) => Promise<unknown>
  readonly output: () => string
  /** Ends one environment without a word, in the middle of whatever it does; the next event starts another. */
  readonly kill: () => void
}

const host = fileURLToPath(new URL('./lambda-host.mjs', import.meta.url))
const outputCharsMost = 1_000_000

interface Environment {
  child: ChildProcess
  ready: Promise<void>
  busy: Promise<unknown>
  readonly waiting: Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>
}

const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export function startLambda(options: LambdaOptions): Lambda {
  let output = ''
  let events = 0
  let isOver = false
  const environments = Array.from({ length: options.environments ?? 1 }, open)

  function open(): Environment {
    const child = fork(host, [options.bundle, options.name], { env: options.env, execArgv: [], silent: true })
    children.add(child)
    const waiting: Environment['waiting'] = new Map()
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8')
      stream?.on('data', (text: string) => {
        output = (output + text).slice(-outputCharsMost)
      })
    }
    let tellReady = () => {}
    const ready = new Promise<void>((resolve) => {
      tellReady = resolve
    })
    child.on('message', (message: { ready?: true; id?: number; result?: unknown; error?: string }) => {
      if (message.ready === true) return tellReady()
      const call = waiting.get(message.id ?? -1)
      waiting.delete(message.id ?? -1)
      if (message.error === undefined) call?.resolve(message.result)
      else call?.reject(new Error(message.error))
    })
    child.once('exit', () => {
      children.delete(child)
      tellReady()
      for (const { reject } of waiting.values()) reject(new Error(`${options.name} ended in the middle`))
    })
    return { child, ready, busy: Promise.resolve(), waiting }
  }

  async function call(environment: Environment, event: unknown): Promise<unknown> {
    await environment.ready
    const { child, waiting } = environment
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${options.name} cannot start: ${output}`)
    const id = ++events
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${options.name} timed out`)), options.timeoutMs)
      const settle = () => clearTimeout(timer)
      waiting.set(id, {
        resolve: (result) => {
          settle()
          resolve(result)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      })
      child.send({ id, event, remainingMs: options.timeoutMs })
    })
  }

  let turn = 0
  return {
    invoke: async (event) => {
      if (isOver) throw new Error(`${options.name} is gone`)
      const index = turn++ % environments.length
      let environment = environments[index] ?? open()
      if (environment.child.signalCode !== null || environment.child.exitCode !== null) {
        environment = open()
        environments[index] = environment
      }
      const { busy } = environment
      const answer = busy.catch(() => undefined).then(() => call(environment, event))
      environment.busy = answer
      return answer
    },
    output: () => output,
    kill: () => {
      environments[0]?.child.kill('SIGKILL')
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true
      for (const { child } of environments) {
        child.kill('SIGKILL')
        if (child.exitCode === null && child.signalCode === null) {
          await new Promise((resolve) => child.once('exit', resolve))
        }
      }
    },
  }
}

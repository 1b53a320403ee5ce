import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { AgentSettings, FromAgent, ToAgent } from './link.ts'

export interface AgentThread {
  readonly send: (message: ToAgent) => void
  readonly stop: () => Promise<void>
}

export interface AgentThreadEvents {
  readonly onMessage: (message: FromAgent) => void
  /** The thread broke: a bug, or no memory. Nobody renews any more. */
  readonly onBroken: (error: Error) => void
}

/** Compiled, the file beside this one is JavaScript and is started as it is. */
const isTypeScript = import.meta.url.endsWith('.ts')
const entry = new URL(isTypeScript ? './agent/thread.ts' : './agent/thread.js', import.meta.url)

/**
 * As TypeScript the thread brings its own loader, whatever started the process: what `--import` does in a thread
 * differs between the versions of Node, and a test runner may have no loader that a thread could inherit.
 */
function bootstrap(): string {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href
  return `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(entry.href)}) })`
}

export function startAgentThread(settings: AgentSettings, { onMessage, onBroken }: AgentThreadEvents): AgentThread {
  const thread = isTypeScript
    ? new Worker(bootstrap(), { eval: true, execArgv: [], workerData: settings, name: 'taskurai-agent' })
    : new Worker(entry, { execArgv: [], workerData: settings, name: 'taskurai-agent' })
  let stopped = false
  thread.on('message', onMessage)
  thread.on('error', onBroken)
  thread.on('exit', (code) => {
    if (!stopped) onBroken(new Error(`the agent's thread ended with code ${code}`))
  })
  return {
    send: (message) => thread.postMessage(message),
    stop: async () => {
      stopped = true
      await thread.terminate()
    },
  }
}

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

/** Compiled, the thread's file is JavaScript and starts as it is; as TypeScript it needs a loader first. */
const isTypeScript = import.meta.url.endsWith('.ts')
const entry = new URL(isTypeScript ? './agent/thread-from-source.mjs' : './agent/thread.js', import.meta.url)

export function startAgentThread(settings: AgentSettings, { onMessage, onBroken }: AgentThreadEvents): AgentThread {
  const thread = new Worker(entry, { execArgv: [], workerData: settings, name: 'taskurai-agent' })
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

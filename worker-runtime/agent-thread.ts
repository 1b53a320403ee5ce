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

/**
 * Compiled, the thread's file lies beside this one and is JavaScript: it needs no loader, whatever the worker module is.
 * As TypeScript it needs one first.
 */
const isSource = import.meta.url.endsWith('.ts')
const entry = new URL(isSource ? './agent/thread-from-source.mjs' : './agent-thread.js', import.meta.url)

/** Started, and waiting for what it is to do. */
let warm: Worker | undefined

/** Starts the thread of the agent that `startAgentThread` will want: its code is loaded by then. */
export function warmAgentThread(): void {
  warm ??= startThread()
}

function startThread(): Worker {
  const thread = new Worker(entry, { execArgv: [], name: 'taskurai-agent' })
  // A process whose worker module is none ends without having used it.
  thread.unref()
  return thread
}

export function startAgentThread(settings: AgentSettings, { onMessage, onBroken }: AgentThreadEvents): AgentThread {
  const thread = warm ?? startThread()
  warm = undefined
  thread.ref()
  let stopped = false
  thread.on('message', onMessage)
  thread.on('error', onBroken)
  thread.on('exit', (code) => {
    if (!stopped) onBroken(new Error(`the agent's thread ended with code ${code}`))
  })
  thread.postMessage(settings)
  return {
    send: (message) => thread.postMessage(message),
    stop: async () => {
      stopped = true
      await thread.terminate()
    },
  }
}

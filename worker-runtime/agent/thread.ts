import { parentPort, workerData } from 'node:worker_threads'
import { systemChance } from '#adapters/system/chance'
import type { AgentSettings, ToAgent } from '../link.ts'
import { startAgent } from './agent.ts'

/** Where the agent's thread begins. */
const port = parentPort
if (port === null) throw new Error('The agent runs in a thread of its own.')

const agent = startAgent(workerData as AgentSettings, {
  post: (message) => port.postMessage(message),
  chance: systemChance,
})
port.on('message', (message: ToAgent) => agent.onMessage(message))

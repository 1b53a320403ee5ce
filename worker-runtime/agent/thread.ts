import { parentPort } from 'node:worker_threads'
import { systemChance } from '#adapters/system/chance'
import type { AgentSettings, FromAgent, ToAgent } from '../link.ts'
import { startAgent } from './agent.ts'
import { createHubDoor } from './hub-door.ts'

/** Where the agent's thread begins: the first message says what it is to do. */
const port = parentPort
if (port === null) throw new Error('The agent runs in a thread of its own.')

port.once('message', (settings: AgentSettings) => {
  const post = (message: FromAgent) => port.postMessage(message)
  const agent = startAgent(settings, { post, chance: systemChance, door: createHubDoor(settings, post) })
  port.on('message', (message: ToAgent) => agent.onMessage(message))
})

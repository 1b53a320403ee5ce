import { warmAgentThread } from './agent-thread.ts'
import { loadTypeScript } from './load-module.ts'
import { workModule } from './main.ts'

/** An instance that a hub started; the words are its worker's module and what loads it. */
const [module = '', loader] = process.argv.slice(2)
// The agent starts on another core while the module is imported, and before a loader that it has no use for.
warmAgentThread()
if (loader === 'tsx') await loadTypeScript()
// It belongs to the hub that started it, whatever else the environment of that hub may name.
const { TASKURAI_ENDPOINT: endpoint } = process.env
const code = await workModule(module, process.env, endpoint === undefined ? {} : { endpoint })
// What a worker's libraries left open must not keep the process.
process.exit(code)

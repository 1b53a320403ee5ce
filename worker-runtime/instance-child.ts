import { warmAgentThread } from './agent-thread.ts'
import { loadTypeScript } from './load-module.ts'
import { workModule } from './main.ts'

/** An instance that a hub started; the words are its worker's module and what loads it. */
const [module = '', loader] = process.argv.slice(2)
// The agent starts on another core while the module is imported, and before a loader that it has no use for.
warmAgentThread()
if (loader === 'tsx') await loadTypeScript()
const code = await workModule(module)
// What a worker's libraries left open must not keep the process.
process.exit(code)

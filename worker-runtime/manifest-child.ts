import { writeSync } from 'node:fs'
import { loadTypeScript } from './load-module.ts'
import { manifestOfModule } from './main.ts'

/**
 * The child that reads a module's manifest. It answers on file descriptor 3, where nothing that the module prints can
 * get between, and ends at once, whatever the module has left open.
 */
const answerFd = 3
const [module = '', loader] = process.argv.slice(2)
if (loader === 'tsx') await loadTypeScript()
const answer = Buffer.from(JSON.stringify(await manifestOfModule(module)))
for (let written = 0; written < answer.length; ) written += writeSync(answerFd, answer, written)
process.exit(0)

import { readFileSync } from 'node:fs'
import { runCli } from '#client/cli/run-cli'

const { argv, env, stdin, stdout, stderr } = process
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const nodeVersion = process.versions.node
const base = { argv: argv.slice(2), stdin, stdout, stderr, env, cwd: process.cwd(), isTerminal: stdout.isTTY }
const code = await runCli({
  ...base,
  version,
  nodeVersion,
  serve: async () => (await import('#embedded/serve')).serve,
  work: async () => (await import('#worker-runtime/main')).workByHand,
  manifest: async () => (await import('#adapters/process/read-manifest')).readManifest,
  keys: () => import('#adapters/files/credentials-file'),
  rebuildFolder: async () => (await import('#embedded/rebuild-directory')).rebuildFolder,
  rebuildTable: async () => (await import('#adapters/account/rebuild-directory')).rebuildTable,
})
// All output is written by now; what a worker's libraries left open must not keep the process.
process.exit(code)

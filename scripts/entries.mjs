import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository, as an address with a slash at its end. */
export const root = new URL('../', import.meta.url)

/** What others import as `taskurai/<name>`, and where it begins. */
const entryPoints = {
  worker: 'worker-runtime/index.ts',
  client: 'client/index.ts',
  embedded: 'embedded/index.ts',
  browser: 'browser/index.ts',
  react: 'react/index.ts',
  testing: 'testing/index.ts',
  cdk: 'lib/index.ts',
}

/** Those of them that this version has. */
export const publicEntries = Object.fromEntries(Object.entries(entryPoints).filter(([, file]) => isThere(file)))

/** What runs in a process or thread of its own, and is found by its path: compiled, beside whoever starts it. */
export const programs = {
  taskurai: 'bin/taskurai.ts',
  'manifest-child': 'worker-runtime/manifest-child.ts',
  'instance-child': 'worker-runtime/instance-child.ts',
  'agent-thread': 'worker-runtime/agent/thread.ts',
}

/** What runs as a function in an account, bundled each into a file of its own. */
export const functionEntries = {
  api: 'functions/api/handler.ts',
  clock: 'functions/clock/handler.ts',
  intake: 'functions/intake/handler.ts',
  live: 'functions/live/handler.ts',
  reactor: 'functions/reactor/handler.ts',
  registrar: 'functions/registrar/handler.ts',
}

/** What only a clone has. */
export const cloneProgram = { start: 'bin/start.ts' }

/** @param {string} file a path in the repository */
export function isThere(file) {
  return existsSync(new URL(file, root))
}

/** @param {string} file a path in the repository */
export function pathOf(file) {
  return fileURLToPath(new URL(file, root))
}

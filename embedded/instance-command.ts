import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** How this hub starts an instance: the worker's module, run by this same program. */
export const LaunchSpec = z.object({ module: z.string() })

const program = fileURLToPath(new URL('../bin/taskurai.ts', import.meta.url))

/** Node with the flags this process runs with, so that TypeScript runs there too, and the program to run. */
export function instanceCommand(spec: unknown): readonly string[] {
  const { module } = LaunchSpec.parse(spec)
  // The hub's own room for short-lived objects is no business of its instances.
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--max-semi-space-size'))
  return [process.execPath, ...flags, program, 'work', module]
}

import { z } from 'zod'
import { likelyLoader, ownProgram } from '#adapters/process/own-program'

/** How this hub starts an instance: the worker's module, and what was needed to import it when its manifest was read. */
export const LaunchSpec = z.object({ module: z.string(), loader: z.enum(['node', 'tsx']).optional() })

/** The program for an instance and its arguments. */
export function instanceCommand(spec: unknown): readonly string[] {
  const { module, loader = likelyLoader(module) } = LaunchSpec.parse(spec)
  return [process.execPath, ...ownProgram('instance-child', { module, loader })]
}

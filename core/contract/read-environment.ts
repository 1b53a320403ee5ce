import type { z } from 'zod'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What a program is told by its environment, read once at its start. All that is wrong is named at once: who deploys
 * by other means than `lib/` should not have to find out one deployment after another.
 */
export function readEnvironment<Shape extends z.ZodType>(schema: Shape, environment: Environment): z.infer<Shape> {
  const parsed = schema.safeParse(environment)
  if (parsed.success) return parsed.data
  const faults = new Map<string, string>()
  for (const { path, message } of parsed.error.issues) {
    const name = String(path[0] ?? '')
    // A text is quoted so that an empty one or a stray space can be seen; what is secret is never in these.
    const is = environment[name] === undefined ? 'is missing' : `is ${JSON.stringify(environment[name])}`
    if (!faults.has(name)) faults.set(name, `${name} ${is} (it should be: ${wordsOf(schema, name) ?? message})`)
  }
  throw new Error(`it cannot start; its environment:\n${[...faults.values()].join('\n')}`)
}

/** What the schema says of a variable. */
function wordsOf(schema: z.ZodType, name: string): string | undefined {
  if (!('shape' in schema)) return undefined
  return (schema.shape as Readonly<Record<string, z.ZodType>>)[name]?.description
}

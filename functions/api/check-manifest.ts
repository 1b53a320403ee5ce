import { ApiError, type FieldIssue } from '#core/contract/errors'
import type { JsonSchema, Manifest } from '#core/contract/manifest'
import { compileSchema } from './compile-schema.ts'
import { refusal } from './field-issues.ts'
import { schemaFaults } from './schema-faults.ts'

/**
 * Refuses a manifest whose schemas the door could not check in bounded time. Called wherever a worker is registered, by
 * PUT or from inside an instance. `base` is where the manifest lies in the request: `/manifest`.
 */
export function checkManifest(manifest: Manifest, base: string): void {
  const seen = new Set<string>()
  const fallbacks = new Set<string>()
  for (const [index, command] of manifest.commands.entries()) {
    const at = `${base}/commands/${index}`
    const label = `${command.name}@${command.version}`
    if (seen.has(label)) throw refusal('invalid', [{ field: at, message: `${label} is there twice` }])
    seen.add(label)
    if (command.fallback === true) {
      const message = `${command.name} has two fallbacks; only one of its versions may be that`
      if (fallbacks.has(command.name)) throw refusal('invalid', [{ field: `${at}/fallback`, message }])
      fallbacks.add(command.name)
    }
    for (const side of ['input', 'output'] as const) {
      const issues = faultsOf(command[side])
      if (issues.length === 0) continue
      const placed = issues.map(({ field, message }) => ({ field: `${at}/${side}${field}`, message }))
      throw new ApiError('invalid', `the ${side} schema of ${label}: ${placed[0]?.field} ${placed[0]?.message}`, {
        issues: placed,
      })
    }
  }
}

function faultsOf(schema: JsonSchema | undefined): readonly FieldIssue[] {
  if (schema === undefined) return []
  const faults = schemaFaults(schema)
  if (faults.length > 0) return faults
  try {
    compileSchema(schema)
    return []
  } catch (error) {
    return [{ field: '', message: error instanceof Error ? error.message : String(error) }]
  }
}

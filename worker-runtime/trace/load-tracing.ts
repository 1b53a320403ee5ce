import { isTracing } from '#core/contract/trace-parent'

/**
 * Tracing is there for who registers a provider of OpenTelemetry, and is loaded when that is first seen: an instance
 * without one is not a millisecond slower to start or to run.
 */

type Tracing = typeof import('./run-trace.ts')

let loaded: Tracing | undefined

export function tracing(): Tracing | undefined | Promise<Tracing> {
  if (loaded !== undefined) return loaded
  return isTracing() ? load() : undefined
}

async function load(): Promise<Tracing> {
  loaded = await import('./run-trace.ts')
  return loaded
}

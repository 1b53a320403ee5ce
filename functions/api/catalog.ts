import { ApiError } from '#core/contract/errors'
import type { JsonSchema } from '#core/contract/manifest'
import { workerParts } from '#core/contract/worker-id'
import type { ResolvedCommand } from '#core/tasks/create'
import { type Registered, type RegisteredCommand, readCommands, readRegistry } from '#core/workers/put-worker'
import type { World } from '#core/world'
import { type Check, compileSchema } from './compile-schema.ts'
import { type Asked, unknownCommand } from './unknown-command.ts'

/** A command as the door needs it: what core must know of it, and the check of its arguments. */
export interface DoorCommand {
  readonly resolved: ResolvedCommand
  readonly check: Check
  /** It takes versions that nothing else of its name is registered for. */
  readonly isFallback: boolean
}

/**
 * The commands there are, kept for a while. A command that is not in it is looked for in the registry before it is
 * refused, so a task may follow its worker's registration at once; that many strangers ask for what does not exist
 * costs at most one read a second.
 */
export interface Catalog {
  /**
   * The version asked for, or the highest there is, of what was registered under this key; without one, under none.
   * Throws `unknown-command`.
   */
  readonly resolve: (name: string, version: number | undefined, isolationKey?: string) => Promise<DoorCommand>
  readonly names: () => Promise<readonly string[]>
  /** Something was registered: read again at the next question. */
  readonly forget: () => void
}

const keptMs = 30_000
const rereadMs = 1_000

interface Known {
  /** By isolation keys, `undefined` for what everybody shares; then by names, of each the versions, the highest first. */
  readonly byKey: ReadonlyMap<string | undefined, ReadonlyMap<string, readonly DoorCommand[]>>
  /** Compiled checks by the text of their schema: what did not change is not compiled again. */
  readonly checks: ReadonlyMap<string, Check>
  /** The workers that hosted commands until they were removed. */
  readonly removed: ReadonlyMap<string, { readonly worker: string; readonly at: number }>
  readonly readAtMs: number
}

export function createCatalog(world: World): Catalog {
  let known: Known | undefined
  let reading: Promise<Known> | undefined

  function read(): Promise<Known> {
    if (reading !== undefined) return reading
    const mine = readKnown(world, known?.checks).then(
      (fresh) => {
        // A read that began before the last registration may not have seen it.
        if (reading === mine) known = fresh
        if (reading === mine) reading = undefined
        return fresh
      },
      (error: unknown) => {
        if (reading === mine) reading = undefined
        throw error
      },
    )
    reading = mine
    return mine
  }

  async function current(olderMs: number): Promise<Known> {
    return known !== undefined && world.clock.monotonicMs() - known.readAtMs < olderMs ? known : read()
  }

  return {
    resolve: async (name, version, isolationKey) => {
      const asked = { name, version, isolationKey }
      const found = pick(await current(keptMs), asked) ?? pick(await current(rereadMs), asked)
      if (found !== undefined) return found
      throw unknownCommand(await current(keptMs), asked)
    },
    names: async () => {
      const names = [...(await current(keptMs)).byKey.values()].flatMap((byName) => [...byName.keys()])
      return [...new Set(names)]
    },
    forget: () => {
      reading = undefined
      if (known !== undefined) known = { ...known, readAtMs: Number.NEGATIVE_INFINITY }
    },
  }
}

function pick({ byKey }: Known, { name, version, isolationKey }: Asked): DoorCommand | undefined {
  const versions = byKey.get(isolationKey)?.get(name)
  if (version === undefined) return versions?.[0]
  const exact = versions?.find(({ resolved }) => resolved.version === version)
  if (exact !== undefined) return exact
  const fallback = versions?.find(({ isFallback }) => isFallback)
  return fallback && { ...fallback, resolved: { ...fallback.resolved, version } }
}

async function readKnown(world: World, compiled: Known['checks'] = new Map()): Promise<Known> {
  const readAtMs = world.clock.monotonicMs()
  const registry = await readRegistry(world)
  const byKey = new Map<string | undefined, Map<string, DoorCommand[]>>()
  const checks = new Map<string, Check>()
  for (const command of await readCommands(world, registry)) {
    const { isolationKey } = workerParts(command.worker)
    const byName = byKey.get(isolationKey) ?? new Map<string, DoorCommand[]>()
    byKey.set(isolationKey, byName)
    const versions = byName.get(command.name) ?? []
    byName.set(command.name, versions)
    const check = checkOf(command, { compiled, checks })
    versions.push({ resolved: resolvedOf(command), check, isFallback: command.fallback === true })
  }
  for (const byName of byKey.values()) {
    for (const versions of byName.values()) versions.sort((a, b) => b.resolved.version - a.resolved.version)
  }
  return { byKey, checks, removed: removedOf(registry), readAtMs }
}

function removedOf(registry: readonly Registered[]): Known['removed'] {
  const byCommand = new Map<string, { readonly worker: string; readonly at: number }>()
  for (const { name, removed } of registry) {
    if (removed === undefined) continue
    for (const command of removed.commands) byCommand.set(command, { worker: name, at: removed.at })
  }
  return byCommand
}

function resolvedOf({
  worker,
  name,
  version,
  retry,
  timeoutSeconds,
  leaseSeconds,
  runsOnCancel,
}: RegisteredCommand): ResolvedCommand {
  return { worker, name, version, retry, timeoutSeconds, leaseSeconds, runsOnCancel }
}

function checkOf(command: RegisteredCommand, of: { compiled: Known['checks']; checks: Map<string, Check> }): Check {
  if (command.input === undefined || command.input === true) return () => []
  const text = JSON.stringify(command.input)
  const check = of.compiled.get(text) ?? compiledAtFirstUse(command, command.input)
  of.checks.set(text, check)
  return check
}

function compiledAtFirstUse({ name, worker }: RegisteredCommand, schema: JsonSchema): Check {
  let check: Check | undefined
  return (value) => {
    try {
      check ??= compileSchema(schema)
    } catch (cause) {
      // Registration refuses such a schema; one that is here all the same was written by another program.
      throw new ApiError('unavailable', `the input schema of ${name} cannot be used; register ${worker} anew`, {
        cause,
      })
    }
    return check(value)
  }
}

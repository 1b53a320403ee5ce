import { ApiError } from '#core/contract/errors'
import type { JsonSchema } from '#core/contract/manifest'
import type { ResolvedCommand } from '#core/tasks/create'
import { iso } from '#core/wire'
import { type Registered, type RegisteredCommand, readCommands, readRegistry } from '#core/workers/put-worker'
import type { World } from '#core/world'
import { type Check, compileSchema } from './compile-schema.ts'

/** A command as the door needs it: what core must know of it, and the check of its arguments. */
export interface DoorCommand {
  readonly resolved: ResolvedCommand
  readonly check: Check
}

/**
 * The commands there are, kept for a while. A command that is not in it is looked for in the registry before it is
 * refused, so a task may follow its worker's registration at once; that many strangers ask for what does not exist
 * costs at most one read a second.
 */
export interface Catalog {
  /** The version asked for, or the highest there is. Throws `unknown-command`. */
  readonly resolve: (name: string, version: number | undefined) => Promise<DoorCommand>
  readonly names: () => Promise<readonly string[]>
  /** Something was registered: read again at the next question. */
  readonly forget: () => void
}

const keptMs = 30_000
const rereadMs = 1_000
const namesTold = 20

interface Known {
  readonly byName: ReadonlyMap<string, readonly DoorCommand[]>
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
    resolve: async (name, version) => {
      const found = pick(await current(keptMs), name, version) ?? pick(await current(rereadMs), name, version)
      if (found !== undefined) return found
      throw unknownCommand(await current(keptMs), name, version)
    },
    names: async () => [...(await current(keptMs)).byName.keys()],
    forget: () => {
      reading = undefined
      if (known !== undefined) known = { ...known, readAtMs: Number.NEGATIVE_INFINITY }
    },
  }
}

function pick(known: Known, name: string, version: number | undefined): DoorCommand | undefined {
  const versions = known.byName.get(name)
  return version === undefined ? versions?.[0] : versions?.find((command) => command.resolved.version === version)
}

async function readKnown(world: World, compiled: Known['checks'] = new Map()): Promise<Known> {
  const readAtMs = world.clock.monotonicMs()
  const registry = await readRegistry(world)
  const byName = new Map<string, DoorCommand[]>()
  const checks = new Map<string, Check>()
  for (const command of await readCommands(world, registry)) {
    const versions = byName.get(command.name) ?? []
    byName.set(command.name, versions)
    versions.push({ resolved: resolvedOf(command), check: checkOf(command, { compiled, checks }) })
  }
  for (const versions of byName.values()) versions.sort((a, b) => b.resolved.version - a.resolved.version)
  return { byName, checks, removed: removedOf(registry), readAtMs }
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
}: RegisteredCommand): ResolvedCommand {
  return { worker, name, version, retry, timeoutSeconds, leaseSeconds }
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

function unknownCommand({ byName, removed }: Known, name: string, version: number | undefined): ApiError {
  const versions = byName.get(name)
  if (versions !== undefined) {
    const there = versions.map((command) => command.resolved.version).join(', ')
    return new ApiError('unknown-command', `${name} has no version ${version}; registered: ${there}`)
  }
  const gone = removed.get(name)
  if (gone !== undefined) {
    const when = `the worker ${gone.worker}, which hosted it, was removed on ${iso(gone.at)}`
    return new ApiError('unknown-command', `${name} is not taken any more: ${when}. Deploy that worker again first`)
  }
  const names = [...byName.keys()]
  const more = names.length > namesTold ? ` and ${names.length - namesTold} more` : ''
  const there = names.length === 0 ? 'none so far' : `${names.slice(0, namesTold).join(', ')}${more}`
  const how = 'register its worker first (taskurai serve --worker <module>, or PUT /v1/workers/{name})'
  return new ApiError('unknown-command', `no worker has registered ${name}; ${how}. Registered commands: ${there}`)
}

import { z } from 'zod'
import { Manifest, type Recycle } from '#core/contract/manifest'
import { type AnyCommand, commandKey } from './command.ts'
import { toJsonSchema } from './json-schema.ts'

/** Set on every definition; a symbol of the registry, since two copies of this package may meet in one process. */
const brand = Symbol.for('taskurai.worker-definition')

export interface WorkerSpec {
  /** Lower-case letters, digits, hyphen: names the worker's queue and its scale. */
  readonly name: string
  readonly commands: readonly AnyCommand[]
  /** How many tasks one instance runs at a time; 1 by default. */
  readonly concurrency?: number
  readonly scaling?: { readonly min?: number; readonly max?: number; readonly tasksPerInstance?: number }
  /** How long an instance stays without work; 30 by default, 0 leaves at once. The hub may say otherwise. */
  readonly idleSeconds?: number
  /** For the commands that say nothing of their own. */
  readonly leaseSeconds?: number
  readonly recycle?: Recycle
}

export interface WorkerDefinition extends WorkerSpec {
  readonly kind: 'worker'
  readonly concurrency: number
  /** Set where an instance is started by hand: it takes only tasks that were submitted under this key. */
  readonly isolationKey?: string
}

/**
 * Defines a worker. The default export of a worker module is one.
 *
 * @example export default defineWorker({ name: 'orders', commands: [confirm, mail], concurrency: 4 })
 */
export function defineWorker(spec: WorkerSpec): WorkerDefinition {
  const seen = new Set<string>()
  for (const command of spec.commands) {
    const key = commandKey(command.name, command.version)
    if (typeof command.handler !== 'function') throw new TypeError(`Command ${key} of ${spec.name} has no handler.`)
    if (seen.has(key)) throw new TypeError(`Worker ${spec.name} has command ${key} twice.`)
    seen.add(key)
  }
  // Names and numbers are checked here, where the stack shows whose they are; schemas when the manifest is made.
  parseManifest(spec, (command) => commandFields(spec, command))
  const definition: WorkerDefinition = { ...spec, kind: 'worker', concurrency: spec.concurrency ?? 1 }
  Object.defineProperty(definition, brand, { value: true })
  return Object.freeze(definition)
}

export function isWorkerDefinition(value: unknown): value is WorkerDefinition {
  return typeof value === 'object' && value !== null && brand in value
}

/** What the hub is told of a worker, made without running it. Throws where a schema cannot be told as JSON Schema. */
export function toManifest(definition: WorkerSpec & Pick<WorkerDefinition, 'isolationKey'>): Manifest {
  return parseManifest(definition, (command) => {
    const key = commandKey(command.name, command.version)
    const { input, output } = command
    return {
      ...commandFields(definition, command),
      ...(input === undefined ? {} : { input: toJsonSchema(input, { command: key, io: 'input' }) }),
      ...(output === undefined ? {} : { output: toJsonSchema(output, { command: key, io: 'output' }) }),
    }
  })
}

function commandFields(spec: WorkerSpec, { name, version, fallback, retry, timeoutSeconds, ...command }: AnyCommand) {
  const leaseSeconds = command.leaseSeconds ?? spec.leaseSeconds
  return {
    name,
    version,
    ...(fallback === undefined ? {} : { fallback }),
    ...(retry === undefined ? {} : { retry }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
    ...(command.runsOnCancel === true ? { runsOnCancel: true } : {}),
  }
}

function parseManifest(spec: Parameters<typeof toManifest>[0], commandOf: (command: AnyCommand) => object): Manifest {
  const { name, commands, concurrency, scaling, idleSeconds, recycle, isolationKey } = spec
  const parsed = Manifest.safeParse({
    name,
    commands: commands.map(commandOf),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(scaling === undefined ? {} : { scaling }),
    ...(idleSeconds === undefined ? {} : { idleSeconds }),
    ...(recycle === undefined ? {} : { recycle }),
    ...(isolationKey === undefined ? {} : { isolationKey }),
  })
  if (parsed.success) return parsed.data
  throw new TypeError(`Worker ${String(name)} is not well defined:\n${z.prettifyError(parsed.error)}`)
}

import { limits } from '#core/contract/limits'
import type { Manifest } from '#core/contract/manifest'
import { Recycle, Scaling } from '#core/contract/manifest'
import { WorkerName } from '#core/contract/names'
import { workerId } from '#core/contract/worker-id'
import { sizeFault } from './fargate-size.ts'
import type { WorkerProps } from './worker-props.ts'

/** What is wrong with a worker is said while the app is synthesized, not by CloudFormation minutes later. */

export const workerDefaults = { cpu: 512, memoryMiB: 1_024, cpuArchitecture: 'arm64' } as const

export function workerNameOf(given: string | undefined, manifest: Manifest | undefined): string {
  const described = manifest === undefined ? undefined : workerId(manifest)
  if (given !== undefined && described !== undefined && described !== given) {
    throw new Error(`addWorker: it is called ${given} here and ${described} in its manifest`)
  }
  const name = given ?? described
  if (name === undefined) throw new Error('addWorker: give the worker a name, a module or a manifest')
  const { success, error } = WorkerName.safeParse(name)
  if (!success) throw new Error(`addWorker: ${name} cannot be its name: ${error.issues[0]?.message}`)
  return name
}

export function checkWorker(name: string, props: WorkerProps, manifest: Manifest | undefined): void {
  const faults = [
    sizeFault(props.cpu ?? workerDefaults.cpu, props.memoryMiB ?? workerDefaults.memoryMiB, props.diskGiB),
    scalingFault(props, manifest),
    idleFault(props.idleSeconds),
    ...instanceFaults(props),
    variablesFault(props),
    props.verify === false && manifest === undefined
      ? 'verify: false needs a module or a manifest, else nothing would tell the hub its commands'
      : undefined,
  ].filter((fault) => fault !== undefined)
  if (faults.length > 0) throw new Error(`addWorker ${name}: ${faults.join('; ')}`)
}

function scalingFault({ scaling }: WorkerProps, manifest: Manifest | undefined): string | undefined {
  const { success, error } = Scaling.safeParse(scalingOf(scaling, manifest) ?? {})
  return success
    ? undefined
    : `scaling: ${error.issues.map(({ path, message }) => [...path, message].join(' ')).join(', ')}`
}

/** What is left out is what the manifest says, so that `{ max: 8 }` changes nothing else. */
export function scalingOf(scaling: WorkerProps['scaling'], manifest: Manifest | undefined) {
  if (scaling === undefined) return undefined
  const { min, max, tasksPerInstance } = { ...manifest?.scaling, ...definedOf(scaling) }
  return { min: min ?? 0, max: max ?? 4, ...(tasksPerInstance === undefined ? {} : { tasksPerInstance }) }
}

function definedOf(record: object) {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}

function idleFault(idleSeconds: number | undefined): string | undefined {
  if (idleSeconds === undefined || (idleSeconds >= 0 && idleSeconds <= 86_400)) return undefined
  return `idleSeconds is 0 to 86,400, not ${idleSeconds}`
}

function instanceFaults({ concurrency, recycle = {} }: WorkerProps): readonly string[] {
  const isCount = concurrency === undefined || (Number.isInteger(concurrency) && concurrency >= 1)
  const { success, error } = Recycle.safeParse(definedOf(recycle))
  return [
    ...(isCount && (concurrency ?? 1) <= limits.concurrency
      ? []
      : [`concurrency is a whole number from 1 to ${limits.concurrency}, not ${concurrency}`]),
    ...(success ? [] : error.issues.map(({ path, message }) => `recycle: ${[...path, message].join(' ')}`)),
  ]
}

function variablesFault({ environment = {}, secrets = {} }: WorkerProps): string | undefined {
  const names = [...Object.keys(environment), ...Object.keys(secrets)]
  const taken = names.find((name) => /^(?:TASKURAI|AWS|ECS)_/.test(name))
  if (taken !== undefined) return `the variable ${taken} is for the hub and for AWS to set; choose another name`
  const twice = Object.keys(secrets).find((name) => name in environment)
  return twice === undefined ? undefined : `${twice} is both in environment and in secrets`
}

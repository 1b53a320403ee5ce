import { type ConnectionOptions, resolveConnection } from '#client/credentials'
import { HubEnv } from '#core/contract/hub-env'
import { readEnvironment } from '#core/contract/read-environment'
import { readTaskIdentity } from './aws/metadata.ts'
import type { ExitReason, HubPlace } from './link.ts'
import type { RunFilesOptions } from './run-files.ts'

/** Whose instance this is, by its options and environment. */

type Env = Readonly<Record<string, string | undefined>>

export interface FoundHub {
  readonly place: HubPlace
  readonly name: string
  /** Absent for an instance that nobody launched. */
  readonly launch?: string
  readonly generation?: string
  readonly transfers: RunFilesOptions['transfers']
  readonly defaults: InstanceDefaults
}

/** What holds where neither an option nor a variable says otherwise. */
export interface InstanceDefaults {
  readonly graceSeconds: number
  readonly hubAwaySeconds: number
  readonly log: 'text' | 'json'
}

export type HubOutcome =
  | { readonly ok: true; readonly hub: FoundHub }
  | { readonly ok: false; readonly why: ExitReason; readonly message: string }

/** In a container Fargate leaves 120 s between SIGTERM and the end; what is handed back last needs some of them. */
const accountDefaults: InstanceDefaults = { graceSeconds: 110, hubAwaySeconds: 300, log: 'json' }
const serverDefaults: InstanceDefaults = { graceSeconds: 20, hubAwaySeconds: 30, log: 'text' }

const accountVariables = ['TASKURAI_TABLE', 'TASKURAI_BUCKET', 'TASKURAI_QUEUE_URL_PREFIX'] as const

/** Whether this is a container of a hub in an account. One of its variables without the others is told as a fault. */
export function isInAccount(env: Env, { endpoint }: ConnectionOptions = {}): boolean {
  return endpoint === undefined && accountVariables.some((name) => env[name] !== undefined)
}

export async function findHub(worker: string, options: ConnectionOptions, env: Env): Promise<HubOutcome> {
  return isInAccount(env, options) ? findAccount(worker, env) : findServer(options, env)
}

function findServer(options: ConnectionOptions, env: Env): HubOutcome {
  const found = resolveConnection(options)
  if (!found.ok) return { ok: false, why: 'refused', message: found.message }
  const { connection } = found
  const { endpoint, credentials, region } = connection
  const { TASKURAI_LAUNCH: launch, TASKURAI_GENERATION: generation } = env
  const hub: FoundHub = {
    place: { kind: 'server', endpoint: endpoint.href, credentials, region },
    name: endpoint.href,
    ...(launch ? { launch } : {}),
    ...(generation ? { generation } : {}),
    transfers: once(async () => (await import('#client/transfers')).createTransfers(connection)),
    defaults: serverDefaults,
  }
  return { ok: true, hub }
}

async function findAccount(worker: string, variables: Env): Promise<HubOutcome> {
  let env: HubEnv
  try {
    env = readEnvironment(HubEnv, variables)
  } catch (error) {
    return { ok: false, why: 'bad-environment', message: messageOf(error) }
  }
  const metadata = variables.ECS_CONTAINER_METADATA_URI_V4
  try {
    // Without it somebody started the container by hand, and it registers as any instance that was not launched.
    const identity = metadata ? await readTaskIdentity(metadata) : {}
    const hub: FoundHub = {
      place: { kind: 'account', env },
      name: `the table ${env.TASKURAI_TABLE}`,
      ...identity,
      transfers: once(async () => (await import('./aws/open-transfers.ts')).openTransfers(env, worker)),
      defaults: accountDefaults,
    }
    return { ok: true, hub }
  } catch (error) {
    return { ok: false, why: 'unreachable', message: messageOf(error) }
  }
}

/** The code that sends and fetches files is loaded with the first one. */
function once(load: RunFilesOptions['transfers']): RunFilesOptions['transfers'] {
  let loading: ReturnType<typeof load> | undefined
  return () => {
    loading ??= load()
    return loading
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`
}

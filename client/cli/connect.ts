import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { Line } from '../call.ts'
import type { Client } from '../client.ts'
import type { Connection, Surroundings } from '../credentials.ts'
import { TaskuraiError } from '../error.ts'
import type { CliWorld } from './world.ts'

/** Options that every command which calls a hub has. */
export interface HubFlags {
  readonly endpoint?: string
  readonly profile?: string
  readonly region?: string
  readonly json?: boolean
}

export interface Connected {
  readonly client: Client
  /** What the client stands on, for calls that are no part of it. */
  readonly line: Line
  readonly endpoint: URL
}

/** A person looks at the screen: better an early word than a long silence. */
const cliTries = 3
const noCredentials = { accessKeyId: '-', secretAccessKey: '-' }

/** The client is loaded here and not before, so that help, version and mistakes are answered at once. */
export async function connect(
  world: CliWorld,
  flags: HubFlags,
  options: { openOnly?: boolean } = {},
): Promise<Connected> {
  const [{ resolveConnection, resolveEndpoint }, { clientOn, lineOf }] = await Promise.all([
    import('../credentials.ts'),
    import('../client.ts'),
  ])
  const { endpoint, profile, region } = flags
  const asked = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
  }
  const on = (connection: Connection): Connected => {
    const line = lineOf(connection, { ...world.client, tries: cliTries })
    return { client: clientOn(line), line, endpoint: connection.endpoint }
  }
  if (options.openOnly === true) {
    const found = resolveEndpoint(asked, world.env)
    if (!found.ok) throw new TaskuraiError({ code: 'no-connection', detail: found.message })
    return on({ endpoint: found.endpoint, credentials: noCredentials, region: '-', source: '-' })
  }
  const resolved = resolveConnection(asked, await surroundingsOf(world))
  if (!resolved.ok) throw new TaskuraiError({ code: 'no-connection', detail: resolved.message })
  return on(resolved.connection)
}

/** Where this call of the CLI looks for keys. */
export async function surroundingsOf({ env, cwd }: CliWorld): Promise<Surroundings> {
  const { readTextFile } = await import('../credentials.ts')
  return { env, readText: (path) => readTextFile(resolve(cwd, path)), home: env.HOME ?? homedir() }
}

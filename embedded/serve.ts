import { relative, resolve } from 'node:path'
import { ApiError } from '#core/contract/errors'
import type { Log } from '#core/ports'
import { defaultDataFolder, type Hub, openHub } from './hub.ts'
import { type ReadWorker, readWorkers } from './read-workers.ts'

export interface ServeOptions {
  readonly workers: readonly string[]
  /** The same workers' modules, where they are being read already. */
  readonly reading?: readonly Promise<ReadWorker>[]
  readonly dataFolder?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly durability?: 'power' | 'process' | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
  /** Whether what instances print is shown; default true. */
  readonly showsOutput?: boolean
  /** Called with the open hub; what it returns is awaited together with the end of the process. */
  readonly onOpen?: (hub: Hub) => Promise<void>
}

/** Runs a hub until it is told to stop. Answers the process's exit code: 0 stopped, 1 broken, 4 refused. */
export async function serve(options: ServeOptions): Promise<number> {
  const { env, cwd, print, printError } = options
  const dataFolder = resolve(cwd, options.dataFolder ?? defaultDataFolder(env, cwd))
  const port = options.port ?? portOf(env)
  if (port === undefined) {
    printError(`TASKURAI_PORT is "${env.TASKURAI_PORT}", which is no port: a number from 0 to 65535`)
    return 2
  }
  // Read in child processes while the store opens.
  const manifests = options.reading ?? readWorkers(options.workers, cwd)
  const end = untilTold()
  // lmdb rejects promises that nobody can hold when a disk fails (docs/decisions/0003-lmdb.md).
  const onRejection = (reason: unknown) => printError(`unexpected: ${String(reason)}`)
  process.on('unhandledRejection', onRejection)
  const outcome = await openHub({
    dataFolder,
    port,
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(env.TASKURAI_LIVE_ORIGINS === undefined ? {} : { liveOrigins: listOf(env.TASKURAI_LIVE_ORIGINS) }),
    ...(options.durability === undefined ? {} : { durability: options.durability }),
    log: logTo(printError, env.TASKURAI_LOG === 'info'),
    ...(options.showsOutput === false
      ? {}
      : { onOutput: (worker: string, line: string) => printError(`[${worker}] ${line}`) }),
    onBroken: (error) => {
      printError(`the store cannot write any more, so the hub stops: ${causeOf(error)}`)
      end.broken()
    },
  })
  if (outcome.kind === 'refused') {
    printError(outcome.message)
    end.dispose()
    return 4
  }
  const { hub } = outcome
  for (const line of welcome(hub.endpoint, dataFolder, cwd)) print(line)
  const failed = await registerWorkers(hub, manifests, print)
  if (failed !== undefined) {
    printError(failed)
    await hub.close()
    end.dispose()
    return 2
  }
  const shown = options.onOpen?.(hub).catch((error: unknown) => printError(String(error)))
  const reason = await end.reached
  if (reason === 'broken') return 1
  print('stopping: instances finish or hand back what they have; press Ctrl-C again to end at once')
  await hub.close()
  await Promise.race([shown, undefined])
  end.dispose()
  process.off('unhandledRejection', onRejection)
  return 0
}

/** Registers workers whose modules are being read. Answers what is wrong, if one is no worker that can be registered. */
export async function registerWorkers(
  hub: Hub,
  workers: readonly Promise<ReadWorker>[],
  print: (line: string) => void,
): Promise<string | undefined> {
  for (const { module, read } of await Promise.all(workers)) {
    if (!read.ok) return read.message
    const { manifest, loader } = read
    try {
      await hub.registerWorker({ manifest, launch: { module, loader }, by: 'serve' })
    } catch (error) {
      if (error instanceof ApiError) return `${module}: ${error.message}`
      throw error
    }
    const { scaling, name, commands } = manifest
    print(
      `worker ${name}: ${commands.map((command) => command.name).join(', ')}; ${scaling.min} to ${scaling.max} instances`,
    )
  }
  return undefined
}

/** Where the hub is, and one line to copy that works as it stands. */
function welcome(endpoint: string, dataFolder: string, cwd: string): readonly string[] {
  const shown = relative(cwd, dataFolder).startsWith('..') ? dataFolder : relative(cwd, dataFolder) || '.'
  const keys = `$(sed -n 's/^aws_\\(access_key_id\\|secret_access_key\\) *= *//p' ${quoted(`${shown}/credentials`)} | head -2 | paste -sd: -)`
  return [
    `taskurai hub on ${endpoint}, data in ${shown}`,
    `try: curl --aws-sigv4 "aws:amz:local:execute-api" --user "${keys}" ${endpoint}/v1/workers`,
  ]
}

/** For a shell; left bare where nothing in it means anything there. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

/** `https://shop.example,https://desk.example` */
function listOf(text: string): readonly string[] {
  return text.split(',').flatMap((part) => part.trim() || [])
}

function portOf(env: ServeOptions['env']): number | undefined {
  if (env.TASKURAI_PORT === undefined || env.TASKURAI_PORT === '') return 4400
  const port = Number(env.TASKURAI_PORT)
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined
}

function logTo(printError: (line: string) => void, withInfo: boolean): Log {
  const line = (level: string, event: string, fields: Readonly<Record<string, unknown>> = {}) =>
    printError(`${level} ${event} ${JSON.stringify(fields)}`)
  return {
    info: (event, fields) => (withInfo ? line('info', event, fields) : undefined),
    warn: (event, fields) => line('warn', event, fields),
    error: (event, fields) => line('error', event, fields),
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause === undefined ? String(error) : String(cause)
}

/** The first SIGINT or SIGTERM stops in good order, the second at once. */
function untilTold() {
  let told = 0
  let resolveReached: (reason: 'told' | 'broken') => void = () => undefined
  const reached = new Promise<'told' | 'broken'>((resolve) => {
    resolveReached = resolve
  })
  const onSignal = () => {
    if (++told > 1) process.exit(130)
    resolveReached('told')
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    reached,
    broken: () => resolveReached('broken'),
    dispose: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}

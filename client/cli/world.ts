import type { ClientOptions } from '../client.ts'

/** Everything that the CLI gets from outside. It never looks at `process` itself, so a test can be its whole world. */
export interface CliWorld {
  /** The words after the program's name. */
  readonly argv: readonly string[]
  readonly stdout: CliStream
  readonly stderr: CliStream
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether a person reads stdout. */
  readonly isTerminal: boolean
  readonly version: string
  /** Of the Node that runs it, as in 20.19.0. */
  readonly nodeVersion?: string
  /** What only some installations have; loaded when the command is given, so that the others start fast. */
  readonly serve?: Loaded<(options: ServeOptions) => Promise<number>>
  readonly work?: Loaded<(module: string, env: CliWorld['env']) => Promise<number>>
  readonly manifest?: Loaded<(module: string) => Promise<ManifestOutcome>>
  readonly keys?: Loaded<KeysAccess>
  readonly rebuildFolder?: Loaded<(options: RebuildFolderOptions) => Promise<RebuildFolderOutcome>>
  readonly rebuildTable?: Loaded<(options: RebuildTableOptions) => Promise<RebuildProgress>>
  readonly client?: Pick<ClientOptions, 'fetch' | 'now' | 'chance' | 'pause'>
}

type Loaded<T> = () => Promise<T>

export interface CliStream {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string | Uint8Array, done: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface ServeOptions {
  /** Absolute paths, or names of packages. */
  readonly workers: readonly string[]
  readonly port: number | undefined
  readonly host: string | undefined
  /** Absolute; undefined: TASKURAI_DATA or the usual folder. */
  readonly dataFolder: string | undefined
  readonly env: CliWorld['env']
  readonly cwd: string
  /** Called once, when the hub is open. */
  readonly onOpen: (hub: { readonly endpoint: string }) => Promise<void>
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
}

export type ManifestOutcome =
  | { readonly ok: true; readonly manifest: unknown }
  | { readonly ok: false; readonly message: string }

export interface KeyOfHub {
  readonly name: string
  readonly accessKeyId: string
  readonly secretKey: string
  readonly region: string
  readonly allows: readonly string[]
}

type Refused = { readonly ok: false; readonly reason: string; readonly message: string }

/** The keys in a hub's data folder. */
export interface KeysAccess {
  listKeys(
    dataFolder: string,
    notice: (message: string) => void,
  ): { readonly ok: true; readonly keys: readonly KeyOfHub[] } | Refused
  addKey(
    dataFolder: string,
    key: { readonly name: string; readonly allow: readonly string[] },
  ): Promise<{ readonly ok: true; readonly key: KeyOfHub } | Refused>
  removeKey(dataFolder: string, name: string): Promise<{ readonly ok: true; readonly key: KeyOfHub } | Refused>
}

export interface RebuildProgress {
  readonly tasks: number
  readonly rows: number
}

interface RebuildOptions {
  readonly onProgress: (progress: RebuildProgress) => void
}

export interface RebuildFolderOptions extends RebuildOptions {
  readonly dataFolder: string
}

export type RebuildFolderOutcome =
  | { readonly kind: 'rebuilt'; readonly progress: RebuildProgress }
  | { readonly kind: 'refused'; readonly message: string }

export interface RebuildTableOptions extends RebuildOptions {
  readonly table: string
  readonly shards: number
  readonly region: string | undefined
}

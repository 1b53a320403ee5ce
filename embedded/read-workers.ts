import { isAbsolute, resolve } from 'node:path'
import { type ManifestRead, readManifest } from '#adapters/process/read-manifest'

export interface ReadWorker {
  readonly module: string
  readonly read: ManifestRead
}

/** Reads the manifests of worker modules, each in a child process. Loads little, so that it can start before the hub. */
export function readWorkers(paths: readonly string[], cwd: string): readonly Promise<ReadWorker>[] {
  return paths.map(async (path) => {
    const isPath = isAbsolute(path) || path.startsWith('.') || path.includes('/')
    const module = isPath ? resolve(cwd, path) : path
    return { module, read: await readManifest(module) }
  })
}

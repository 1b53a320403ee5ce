import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

const skipped = new Set(['node_modules', '.git', '.taskurai', '.build', 'cdk.out', 'dist', 'coverage'])

/** The repository's code and package files, by their paths in it. */
export async function readRepository(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  await walk('', files)
  return files
}

async function walk(folder: string, files: Map<string, string>): Promise<void> {
  for (const entry of await readdir(join(repository, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory() && !skipped.has(entry.name)) await walk(path, files)
    else if (entry.isFile() && /\.[cm]?[jt]s$|package\.json$/.test(entry.name)) {
      files.set(path, await readFile(join(repository, path), 'utf8'))
    }
  }
}

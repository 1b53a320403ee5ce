import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { pathOf, publicEntries } from './entries.mjs'

/**
 * Compiles entries into one flat folder: ESM, with what they share in chunks, and npm packages left outside. The folder
 * lies one level deep in the repository or package, as `bin/` does, so that `../package.json` means the same in both.
 *
 * @param {{ entries: Readonly<Record<string, string>>, folder: string }} options `folder` is a path in the repository
 * @returns {Promise<{ inputs: string[], outputs: string[] }>} sources as paths in the repository, outputs by their names
 */
export async function compile({ entries, folder }) {
  const target = pathOf(folder)
  const result = await build({
    absWorkingDir: pathOf('.'),
    entryPoints: entries,
    outdir: target,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    charset: 'utf8',
    chunkNames: 'chunk-[hash]',
    // The repository's own file is for the type checker.
    tsconfigRaw: { compilerOptions: { target: 'es2023', verbatimModuleSyntax: true } },
    plugins: [ownName, addressesOfExamples],
    metafile: true,
    write: false,
  })
  mkdirSync(target, { recursive: true })
  for (const { path, contents } of result.outputFiles) writeWhole(path, contents)
  return {
    inputs: Object.keys(result.metafile.inputs),
    outputs: result.outputFiles.map(({ path }) => basename(path)),
  }
}

/** A process may be reading the file, and another may be writing the same one: it is there whole or not at all. */
export function writeWhole(path, contents) {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}`)
  writeFileSync(aside, contents)
  renameSync(aside, path)
}

/** What `npm start` takes from the examples imports this package by its name: the same code, not a second copy. */
const ownName = {
  name: 'own-name',
  setup({ onResolve }) {
    onResolve({ filter: /^taskurai\// }, ({ path }) => {
      const source = publicEntries[path.slice('taskurai/'.length)]
      return source === undefined ? undefined : { path: pathOf(source) }
    })
  },
}

/** An example looks for its data beside itself, wherever its code runs. */
const addressesOfExamples = {
  name: 'addresses-of-examples',
  setup({ onLoad, initialOptions: { outdir } }) {
    onLoad({ filter: /[/\\]examples[/\\][^/\\]+[/\\].*\.ts$/ }, ({ path }) => {
      const address = JSON.stringify(relative(outdir, path).replaceAll('\\', '/'))
      const text = readFileSync(path, 'utf8').replaceAll('import.meta.url', `new URL(${address}, import.meta.url).href`)
      return { contents: text, loader: 'ts' }
    })
  },
}

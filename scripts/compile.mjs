import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { build, transform } from 'esbuild'
import { pathOf, publicEntries } from './entries.mjs'

/**
 * Compiles entries into one flat folder: ESM, with what they share in chunks, and npm packages left outside. The folder
 * lies one level deep in the repository or package, as `bin/` does, so that `../package.json` means the same in both.
 *
 * @param {{ entries: Readonly<Record<string, string>>, folder: string, bundles?: RegExp }} options `folder` is a path in
 *   the repository; packages named by `bundles` are compiled in, with all that they need
 * @returns {Promise<{ inputs: string[], outputs: string[] }>} sources as paths in the repository, outputs by their names
 */
export async function compile({ entries, folder, bundles }) {
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
    // Packages are made for both worlds; what is compiled in must be of the one that can be split and left out.
    mainFields: ['module', 'main'],
    charset: 'utf8',
    chunkNames: 'chunk-[hash]',
    // The repository's own file is for the type checker.
    tsconfigRaw: { compilerOptions: { target: 'es2023', verbatimModuleSyntax: true } },
    plugins: [ownName, packagesOutside(bundles), addressesOfExamples],
    metafile: true,
    write: false,
  })
  mkdirSync(target, { recursive: true })
  for (const { path, contents, text } of result.outputFiles) {
    const { inputs } = result.metafile.outputs[relative(pathOf('.'), path)]
    writeWhole(path, isOfPackages(inputs) ? await shortened(text) : contents)
  }
  return {
    inputs: Object.keys(result.metafile.inputs),
    outputs: result.outputFiles.map(({ path }) => basename(path)),
  }
}

/** Whether most of a chunk is of packages that were compiled in. */
function isOfPackages(inputs) {
  const bytes = { ours: 0, theirs: 0 }
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    bytes[file.startsWith('node_modules/') ? 'theirs' : 'ours'] += bytesInOutput
  }
  return bytes.theirs > bytes.ours
}

/** Nobody reads such a chunk, and everybody installs it. */
async function shortened(text) {
  const { code } = await transform(text, { minify: true, format: 'esm', target: 'node20.19' })
  return code
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

/** @param {RegExp | undefined} bundles those that are not left outside */
const packagesOutside = (bundles) => ({
  name: 'packages-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^.#/]/ }, ({ path, importer, kind }) => {
      const isOfBundled = /[/\\]node_modules[/\\]/.test(importer)
      if (kind === 'entry-point' || isOfBundled || bundles?.test(path)) return undefined
      return { path, external: true }
    })
  },
})

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

import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { writeWhole } from './compile.mjs'
import { functionEntries, pathOf } from './entries.mjs'

/**
 * Bundles each function into one file, with all it needs: a cold start reads that and nothing else.
 *
 * @param {{ folder: string, entries?: Readonly<Record<string, string>> }} options `folder` is a path in the repository
 * @returns {Promise<Readonly<Record<string, { bytes: number, inputs: string[] }>>>} sources as paths in the repository
 */
export async function compileFunctions({ folder, entries = functionEntries }) {
  const compiled = Object.entries(entries).map(async ([name, entry]) => {
    const { outputFiles, metafile } = await bundle(entry, pathOf(join(folder, name, 'index.mjs')))
    const [{ path, contents }] = outputFiles
    mkdirSync(dirname(path), { recursive: true })
    writeWhole(path, contents)
    const inputs = Object.keys(metafile.inputs).filter((input) => !input.startsWith(namespace))
    return [name, { bytes: contents.byteLength, inputs }]
  })
  return Object.fromEntries(await Promise.all(compiled))
}

/** What CommonJS packages call, which is not there in a module. */
const requireOfModules =
  "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);"

function bundle(entry, outfile) {
  return build({
    absWorkingDir: pathOf('.'),
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: requireOfModules },
    tsconfigRaw: { compilerOptions: { target: 'es2023', verbatimModuleSyntax: true } },
    plugins: [zodByItsParts, keysOfEnvironment],
    metafile: true,
    write: false,
  })
}

/** As a namespace, zod can be cut down to what is used; as one object it comes with all its languages: 370 KB. */
const zodByItsParts = {
  name: 'zod-by-its-parts',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes('node_modules') || !path.startsWith(pathOf('.'))) return undefined
      const text = readFileSync(path, 'utf8').replace("import { z } from 'zod'", "import * as z from 'zod'")
      return { contents: text, loader: 'ts' }
    })
  },
}

const namespace = 'keys-of-environment'

/** A function's keys stand in its environment. The ways to find them elsewhere would be 110 KB that nothing calls. */
const keysOfEnvironment = {
  name: namespace,
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, async ({ path, resolveDir, pluginData, kind }) => {
      if (pluginData === namespace) return undefined
      const { path: replaced, errors } = await resolve(path, { resolveDir, kind, pluginData: namespace })
      return errors.length > 0 ? { errors } : { path: replaced, namespace }
    })
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env'",
      resolveDir: dirname(path),
    }))
  },
}

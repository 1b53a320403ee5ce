import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { FunctionName } from './names.ts'

/** Compiled, they lie beside this code: in the package and in what a clone compiles for itself. */
const besides = import.meta.url.endsWith('.ts') ? '../.build/functions/' : './functions/'
const bundles = fileURLToPath(new URL(besides, import.meta.url))

/** The program of a function, bundled before: synth compiles nothing. */
export function functionCode(name: FunctionName, folder: string = bundles): Code {
  const path = join(folder, name)
  if (existsSync(join(path, 'index.mjs'))) return Code.fromAsset(path)
  throw new Error(
    `TaskHub: the function ${name} is not built: there is no index.mjs in ${path}. In a clone of Taskurai run ` +
      '`node scripts/fresh-functions.mjs` first; an installed package brings it, so there install it again.',
  )
}

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { pathOf } from './entries.mjs'

/**
 * Writes the declarations of entries and of all they lead to, as any TypeScript can read them: the names that only this
 * repository knows (`#core/…`) become relative paths.
 *
 * @param {{ entries: readonly string[], folder: string }} options paths in the repository
 */
export function writeTypes({ entries, folder }) {
  const settings = mkdtempSync(join(tmpdir(), 'taskurai-types-'))
  try {
    const project = join(settings, 'tsconfig.json')
    const compilerOptions = {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: pathOf('.'),
      outDir: pathOf(folder),
      typeRoots: [pathOf('node_modules/@types')],
    }
    const files = entries.map(pathOf)
    writeFileSync(project, JSON.stringify({ extends: pathOf('tsconfig.json'), compilerOptions, files, include: [] }))
    const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
    const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' })
    if (status !== 0) throw new Error(`the types were not written: tsc ended with ${status}`)
  } finally {
    rmSync(settings, { recursive: true, force: true })
  }
  for (const file of declarationsIn(pathOf(folder))) rewrite(file, pathOf(folder))
}

function declarationsIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.d.ts') && statSync(path).isFile())
}

const specifier = /(\bfrom |\bimport\()(["'])(#|\.{1,2}\/)([^"']+)\2/g

function rewrite(file, folder) {
  const text = readFileSync(file, 'utf8')
  const changed = text.replaceAll(specifier, (_all, before, quote, kind, rest) => {
    const toFolder = relative(dirname(file), folder).replaceAll('\\', '/') || '.'
    const path = kind === '#' ? `${toFolder}/${rest}.js` : `${kind}${rest.replace(/\.ts$/, '.js')}`
    const isRelative = path.startsWith('.')
    return `${before}${quote}${isRelative ? path : `./${path}`}${quote}`
  })
  if (changed !== text) writeFileSync(file, changed)
}

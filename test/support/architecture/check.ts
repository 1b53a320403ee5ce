import { type Import, importsOf } from './imports.ts'
import { binLinesMost, type Layer, layers, linesMost, mayReadTheWorld, unchecked } from './table.ts'

/** The files of the repository, by their path in it. */
export type Files = ReadonlyMap<string, string>

/** What breaks the architecture, one line each, as `file: what`. */
export function violationsOf(files: Files): readonly string[] {
  const found: string[] = []
  for (const [path, text] of files) {
    if (!isCode(path) || !path.includes('/') || unchecked.some((folder) => isIn(path, folder))) continue
    const say = (what: string) => found.push(`${path}: ${what}`)
    const layer = layerOf(path, files)
    if (layer === undefined) say('its folder is not in the table')
    else for (const each of importsOf(path, text)) checkImport({ path, layer, each, files, say })
    checkText(path, text, say)
  }
  return found
}

interface ImportCheck {
  readonly path: string
  readonly layer: Layer
  readonly each: Import
  readonly files: Files
  readonly say: (what: string) => void
}

function checkImport({ path, layer, each, files, say }: ImportCheck): void {
  switch (each.kind) {
    case 'node': {
      const isAllowed = typeof layer.node === 'boolean' ? layer.node : layer.node.includes(each.name)
      if (!isAllowed) say(`imports ${each.name}`)
      return
    }
    case 'package':
      if (!layer.packages.includes(each.name)) say(`imports the package ${each.name}`)
      return
    case 'path':
      if (!files.has(each.path)) return say(`imports ${each.path}, which is not there`)
      if (/^functions\/[^/]+\/handler\.ts$/.test(each.path)) return say(`imports the handler ${each.path}`)
      if (folderOf(each.path) === folderOf(path) || layer.may.some((folder) => isIn(each.path, folder))) return
      return say(`imports ${each.path}`)
    default:
      each satisfies never
  }
}

/** `new Date(x)` reads nothing but x. */
const worldReads = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandomUUID\b|\bperformance\.now\b|\bhrtime\b/
const timers = /(?<![.\w])(?:setTimeout|setInterval)\(/

function checkText(path: string, text: string, say: (what: string) => void): void {
  const lines = text.split('\n').length - 1
  if (lines > linesMost) say(`${lines} lines, more than ${linesMost}`)
  if (isIn(path, 'bin') && lines > binLinesMost) say(`${lines} lines, more than ${binLinesMost} in bin`)
  const code = text.replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, '')
  const isPortable = isIn(path, 'core') || isIn(path, 'functions')
  if (isPortable && timers.test(code)) say('sets a timer: waiting goes by the clock port')
  if ((isPortable || isIn(path, 'adapters')) && /\bconsole\./.test(code)) say('writes to the console: use the log port')
  const read = worldReads.exec(code)?.[0]
  const mayRead = mayReadTheWorld.some((folder) => isIn(path, folder)) || exampleOf(path) !== undefined
  if (read !== undefined && !mayRead) say(`${read}: time, chance and ids come from a port`)
}

/** An example is a package of its own: it may import itself and what its package.json names. */
function layerOf(path: string, files: Files): Layer | undefined {
  const example = exampleOf(path)
  if (example === undefined) return layers[folderOf(path)]
  const manifest = JSON.parse(files.get(`${example}/package.json`) ?? '{}')
  const named = [manifest.dependencies, manifest.devDependencies, manifest.peerDependencies]
  return { may: [], packages: named.flatMap((each) => Object.keys(each ?? {})), node: true }
}

function exampleOf(path: string): string | undefined {
  return /^examples\/[^/]+(?=\/)/.exec(path)?.[0]
}

/** The folder of the table, or the example, that a file belongs to. */
function folderOf(path: string): string {
  const example = exampleOf(path)
  if (example !== undefined) return example
  const folders = Object.keys(layers).filter((folder) => isIn(path, folder))
  return folders.sort((a, b) => b.length - a.length)[0] ?? path.slice(0, path.indexOf('/'))
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function isCode(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path)
}

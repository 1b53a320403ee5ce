import { posix } from 'node:path'

/** What a file imports: a path of this repository, a module of Node, or a package by its bare name. */
export type Import =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'package'; readonly name: string }

/**
 * All imports of a file, types and re-exports too. The formatter puts statements of import at the start of a line, so
 * none is missed, and none in a comment or a text is taken for one; `import()` may stand anywhere but in a comment.
 */
export function importsOf(path: string, text: string): readonly Import[] {
  const statements = /^(?:import|export)\b(?:[^'";`]|;(?!\n))*?\bfrom '([^']+)'/gm
  const bare = /^import '([^']+)'/gm
  const calls = /\bimport\(\s*'([^']+)'/g
  const code = text.replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, '')
  const found = [statements, bare, calls].flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => match[1] ?? ''),
  )
  return [...new Set(found)].map((specifier) => readSpecifier(path, specifier))
}

function readSpecifier(path: string, specifier: string): Import {
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier }
  if (specifier.startsWith('#')) return { kind: 'path', path: `${specifier.slice(1)}.ts` }
  if (specifier.startsWith('.')) return { kind: 'path', path: posix.join(posix.dirname(path), specifier) }
  const parts = specifier.split('/')
  return { kind: 'package', name: parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/') }
}

import { extensionOf, type ProjectSpec, text } from './project.ts'

/** The versions that this program was tried with; a test holds them to those of its own package.json. */
export const versions = {
  node: '>=20.19',
  zod: '^4.6.7',
  tsx: '^4.23.15',
  typescript: '^7.0.2',
  '@types/node': '^20.19.43',
} as const

export function packageJson({ name, language, taskurai }: ProjectSpec): string {
  const isTyped = language === 'typescript'
  const worker = `worker.${extensionOf(language)}`
  const { zod, tsx, typescript, node } = versions
  const content = {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    engines: { node },
    scripts: {
      start: `taskurai serve --worker ${worker}`,
      // Node finds tests in JavaScript by itself.
      test: isTyped ? 'node --import tsx --test test/*.test.ts' : 'node --test',
      ...(isTyped ? { check: 'tsc -p .' } : {}),
    },
    dependencies: { taskurai, zod },
    ...(isTyped ? { devDependencies: { '@types/node': versions['@types/node'], tsx, typescript } } : {}),
  }
  return text(JSON.stringify(content, undefined, 2))
}

export const tsconfig = text(
  JSON.stringify(
    {
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        types: ['node'],
        strict: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        skipLibCheck: true,
      },
      include: ['*.ts', 'test'],
    },
    undefined,
    2,
  ),
)

import { dockerfile, dockerignore } from './docker.ts'
import { packageJson, tsconfig } from './package-files.ts'
import { readme } from './readme.ts'
import { testModule, workerModule } from './worker.ts'

export type Language = 'typescript' | 'javascript'

/** What a new project is made from. */
export interface ProjectSpec {
  /** Of the worker and of the package. */
  readonly name: string
  readonly language: Language
  /** What its package.json asks npm for: a range of versions, a tarball, a folder. */
  readonly taskurai: string
}

/** The files of a new worker project, by their paths in it. */
export function projectFiles(spec: ProjectSpec): Readonly<Record<string, string>> {
  const extension = extensionOf(spec.language)
  return {
    [`worker.${extension}`]: workerModule(spec),
    [`test/worker.test.${extension}`]: testModule(spec),
    Dockerfile: dockerfile(spec),
    '.dockerignore': dockerignore,
    '.gitignore': text('node_modules/', '# What a hub on this machine keeps, its keys among it.', '.taskurai/'),
    'README.md': readme(spec),
    ...(spec.language === 'typescript' ? { 'tsconfig.json': tsconfig } : {}),
    'package.json': packageJson(spec),
  }
}

export function extensionOf(language: Language): 'ts' | 'js' {
  return language === 'typescript' ? 'ts' : 'js'
}

/** Lines as a file; in the templates each is a text of its own, so that nobody takes them for code of this program. */
export function text(...lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { createOutput } from '../output.ts'
import { type Session, withJson } from '../session.ts'
import { type Language, projectFiles } from '../templates/project.ts'

interface InitFlags {
  readonly typescript?: boolean
  readonly javascript?: boolean
  readonly name?: string
  readonly package?: string
  readonly json?: boolean
}

export function addInit(program: Command, session: Session): void {
  const { world } = session
  const command = program
    .command('init')
    .argument('<folder>', 'a folder that is empty or not there yet')
    .option('--typescript', 'in TypeScript, run as it is (the default)')
    .option('--javascript', 'in JavaScript')
    .option('--name <name>', "the name of the worker; by default the folder's")
    .option('--package <spec>', 'what its package.json asks npm for as taskurai: a version, a tarball, a folder')
    .action(async (given: string, flags: InitFlags) => {
      const output = createOutput(world, flags.json === true)
      const folder = resolve(world.cwd, given)
      const language = languageOf(flags)
      const name = await nameOf(flags.name ?? basename(folder), flags.name === undefined)
      const files = projectFiles({ name, language, taskurai: flags.package ?? `^${world.version}` })
      await makeProject(folder, files)
      if (output.isJson) return output.printJson({ folder, name, language, files: Object.keys(files) })
      await output.print(
        Object.keys(files)
          .map((file) => join(given, file))
          .join('\n'),
      )
      const there = relative(world.cwd, folder)
      await output.say(`\nGo on with:\n${there === '' ? '' : `  cd ${there}\n`}  npm install\n  npm test\n  npm start`)
    })
  explain(withJson(command), {
    summary: 'make the project of a new worker',
    about: `Makes a folder with a worker of one command, a test of it, package.json, Dockerfile and README. What is there already
is never touched: a folder that holds anything is refused.`,
    examples: [
      ['taskurai init mailer', 'in TypeScript'],
      ['taskurai init mailer --javascript', 'in JavaScript'],
      ['taskurai init . --name mailer', 'in this folder, which is empty'],
    ],
  })
}

function languageOf({ typescript, javascript }: InitFlags): Language {
  if (typescript === true && javascript === true) throw wrongCall('Give --typescript or --javascript, not both.')
  return javascript === true ? 'javascript' : 'typescript'
}

async function nameOf(text: string, isFolder: boolean): Promise<string> {
  // The contract's own rule, loaded only here: zod is no small thing.
  const { WorkerName } = await import('../../../core/contract/names.ts')
  const parsed = WorkerName.safeParse(text)
  if (parsed.success) return parsed.data
  const why = parsed.error.issues[0]?.message ?? 'it does not fit'
  throw wrongCall(
    `'${text}' cannot be the name of a worker: ${why}.${isFolder ? ' Give another one with --name.' : ''}`,
  )
}

/** A folder of version control is no project yet. */
const ignored: ReadonlySet<string> = new Set(['.git'])

/** All of the files, or none. */
export async function makeProject(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await refuseFull(folder)
  const made: string[] = []
  try {
    const first = await mkdir(folder, { recursive: true })
    if (first !== undefined) made.push(first)
    for (const [file, text] of Object.entries(files)) {
      const path = join(folder, file)
      const above = await mkdir(dirname(path), { recursive: true })
      if (above !== undefined) made.push(above)
      await writeFile(path, text, { flag: 'wx' })
      made.push(path)
    }
  } catch (error) {
    // Half a project would be refused the next time, and looks like a whole one.
    for (const path of made.reverse()) await rm(path, { recursive: true, force: true }).catch(() => undefined)
    throw wrongCall(`${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function refuseFull(folder: string): Promise<void> {
  let standing: readonly string[]
  try {
    standing = await readdir(folder)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return
    if (code === 'ENOTDIR') throw wrongCall(`${folder} is no folder.`)
    throw wrongCall(`${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  const found = standing.filter((name) => !ignored.has(name))
  if (found.length === 0) return
  const more = found.length > 3 ? ` and ${found.length - 3} more` : ''
  throw wrongCall(`${folder} is not empty (${found.slice(0, 3).join(', ')}${more}): init never writes over anything.`)
}

import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Command } from 'commander'
import { wrongCall } from '../exit.ts'
import { createOutput } from '../output.ts'
import { collect, type Session, withJson } from '../session.ts'
import { readNumber } from '../values.ts'
import type { CliWorld } from '../world.ts'

/** The commands that run something here: the hub, an instance, or a worker module asked for its manifest. */

interface ServeFlags {
  readonly worker?: readonly string[]
  readonly port?: string
  readonly host?: string
  readonly data?: string
}

const portMost = 65_535

export function addServe(program: Command, session: Session): void {
  const { world } = session
  program
    .command('serve')
    .description('run a hub on this machine')
    .option('--worker <module>', 'a worker whose instances the hub starts; may be repeated', collect)
    .option('--port <n>', 'TCP port, 0 for any free one (TASKURAI_PORT, 4400)')
    .option('--host <address>', 'address to listen at (127.0.0.1)')
    .option('--data <folder>', 'where everything is kept (TASKURAI_DATA, .taskurai)')
    .action(async ({ worker = [], port, host, data }: ServeFlags) => {
      const output = createOutput(world, false)
      const options = {
        env: world.env,
        cwd: world.cwd,
        workers: worker.map((module) => findModule(world, module)),
        port: port === undefined ? undefined : readNumber(port, { option: '--port', least: 0, most: portMost }),
        host,
        dataFolder: data === undefined ? undefined : resolve(world.cwd, data),
        print: (line: string) => void output.print(line),
        printError: (line: string) => void output.say(line),
      }
      if (world.serve === undefined) throw notHere('serve')
      const serve = await world.serve()
      session.exitCode = await serve(options)
    })
}

export function addWork(program: Command, session: Session): void {
  const { world } = session
  program
    .command('work')
    .description('run one instance of a worker by hand')
    .argument('<module>', 'a module whose default export is a worker')
    .action(async (name: string) => {
      const module = findModule(world, name)
      if (world.work === undefined) throw notHere('work')
      const work = await world.work()
      session.exitCode = await work(module, world.env)
    })
}

export function addManifest(program: Command, session: Session): void {
  const { world } = session
  withJson(program.command('manifest'))
    .description('print what a worker module offers, as JSON')
    .argument('<module>', 'a module whose default export is a worker')
    .action(async (name: string) => {
      const module = findModule(world, name)
      if (world.manifest === undefined) throw notHere('manifest')
      const read = await world.manifest()
      const outcome = await read(module)
      if (!outcome.ok) throw wrongCall(outcome.message)
      await createOutput(world, true).printJson(outcome.manifest)
    })
}

/** Files are told from package names by a dot or slash in front, or by being there. */
function findModule({ cwd }: CliWorld, name: string): string {
  const path = resolve(cwd, name)
  if (existsSync(path)) return path
  if (isAbsolute(name) || name.startsWith('.') || /\.[cm]?[jt]s$/.test(name)) {
    throw wrongCall(`There is no file ${path}: expected a module whose default export is a worker.`)
  }
  return name
}

function notHere(command: string): Error {
  return wrongCall(`This installation of taskurai cannot ${command}; it is a client only.`)
}

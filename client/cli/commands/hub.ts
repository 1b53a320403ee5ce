import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Command } from 'commander'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { createOutput } from '../output.ts'
import { collect, type Session, withJson } from '../session.ts'
import { readNumber } from '../values.ts'
import type { CliWorld } from '../world.ts'

/** The commands that run something here: the hub, or an instance. */

interface ServeFlags {
  readonly worker?: readonly string[]
  readonly port?: string
  readonly host?: string
  readonly data?: string
  readonly json?: boolean
}

const portMost = 65_535

export function addServe(program: Command, session: Session): void {
  const { world } = session
  const command = program
    .command('serve')
    .option('--worker <module>', 'a worker whose instances the hub starts; may be repeated', collect)
    .option('--port <n>', 'TCP port, 0 for any free one (TASKURAI_PORT, 4400)')
    .option('--host <address>', 'address to listen at (127.0.0.1)')
    .option('--data <folder>', 'where everything is kept (TASKURAI_DATA, .taskurai)')
    .action(async ({ worker = [], port, host, data, json }: ServeFlags) => {
      const output = createOutput(world, json === true)
      const options = {
        env: world.env,
        cwd: world.cwd,
        workers: worker.map((module) => findModule(world, module)),
        port: port === undefined ? undefined : readNumber(port, { option: '--port', least: 0, most: portMost }),
        host,
        dataFolder: data === undefined ? undefined : resolve(world.cwd, data),
        // In JSON the one line on stdout is for whoever starts a hub from a program: where it is.
        print: (line: string) => void (output.isJson ? output.say(line) : output.print(line)),
        onOpen: async ({ endpoint }: { readonly endpoint: string }) =>
          output.isJson ? output.printJson({ endpoint }, 'line') : undefined,
        printError: (line: string) => void output.say(line),
      }
      if (world.serve === undefined) throw notHere('serve')
      const serve = await world.serve()
      session.exitCode = await serve(options)
    })
  explain(withJson(command, 'one line of JSON on stdout once it is open: { endpoint }'), {
    summary: 'run a hub on this machine',
    about: `Runs a hub on this machine until Ctrl-C: its API, and the instances of the workers named here, which start when
there is work and leave when there is none. All it keeps lies in one folder; a second start goes on where it was.`,
    examples: [
      ['taskurai serve', 'a hub, and no worker yet'],
      ['taskurai serve --worker worker.ts --worker mail/worker.js', 'with two workers'],
      ['taskurai serve --port 0 --data /var/lib/taskurai', 'any free port, another folder'],
    ],
  })
}

interface WorkFlags {
  readonly json?: boolean
  readonly check?: boolean
  readonly isolationKey?: string
}

export function addWork(program: Command, session: Session): void {
  const { world } = session
  const command = program
    .command('work')
    .argument('<module>', 'a module whose default export is a worker')
    .option('--check', 'only find out whether an instance could work here, and say so (TASKURAI_CHECK=1)')
    .option('--isolation-key <key>', 'take only tasks that are submitted under this key (TASKURAI_ISOLATION_KEY)')
    .action(async (name: string, { json, check, isolationKey }: WorkFlags) => {
      const module = findModule(world, name)
      if (world.work === undefined) throw notHere('work')
      const work = await world.work()
      const asked = {
        ...(json === true ? { TASKURAI_LOG: 'json' } : {}),
        ...(check === true ? { TASKURAI_CHECK: '1' } : {}),
        ...(isolationKey === undefined ? {} : { TASKURAI_ISOLATION_KEY: isolationKey }),
      }
      session.exitCode = await work(module, { ...world.env, ...asked })
    })
  explain(withJson(command, 'log each line as JSON'), {
    summary: 'run one instance of a worker by hand',
    about: `Runs one instance of a worker in this terminal until Ctrl-C: for a debugger, or in a container. It registers its
commands with the hub, takes their tasks, and hands back what it has not finished when it is stopped. In a container of
a hub in an AWS account, told by TASKURAI_TABLE and its companions, it works on the hub's table and queues directly.
With --isolation-key it is a worker of your own beside the one that others share: it has a queue of its own, and takes
only what is submitted under the same key.`,
    examples: [
      ['taskurai work worker.ts', 'an instance here'],
      ['taskurai work worker.ts --check', 'loads the module and reaches the hub, then ends: 0 if all is well'],
      ['taskurai work worker.ts --isolation-key ann', 'your own, of a hub that others use as well'],
      ['NODE_OPTIONS=--inspect taskurai work worker.ts', 'with the debugger of Node'],
    ],
  })
}

/** Files are told from package names by a dot or slash in front, or by being there. */
export function findModule({ cwd }: CliWorld, name: string): string {
  const path = resolve(cwd, name)
  if (existsSync(path)) return path
  if (isAbsolute(name) || name.startsWith('.') || /\.[cm]?[jt]s$/.test(name)) {
    throw wrongCall(`There is no file ${path}: expected a module whose default export is a worker.`)
  }
  return name
}

export function notHere(command: string): Error {
  return wrongCall(`This installation of taskurai cannot ${command}; it is a client only.`)
}

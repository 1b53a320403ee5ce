import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { DEFAULT_DATA_FOLDER, isLoopback, resolveEndpoint } from '../../credentials.ts'
import type { Color } from '../color.ts'
import { type Connected, connect, type HubFlags } from '../connect.ts'
import { examineAws } from '../doctor/aws.ts'
import { type Check, fail, failInWords, ok, reasonOf, warn } from '../doctor/check.ts'
import { checkClock } from '../doctor/clock.ts'
import { checkKey, checkKeyFile, greet } from '../doctor/hub.ts'
import { checkFolder, checkNode, checkSpace } from '../doctor/machine.ts'
import { checkPort } from '../doctor/port.ts'
import { CHECK_FAILED } from '../exit.ts'
import { explain } from '../help.ts'
import { createOutput, type Output } from '../output.ts'
import { collect, type Session, systemOf, tokenOf, withHubOptions } from '../session.ts'
import { clean } from '../table.ts'
import type { CliWorld } from '../world.ts'
import { findModule } from './hub.ts'
import { manifestOf } from './manifest.ts'

interface DoctorFlags extends HubFlags {
  readonly worker?: readonly string[]
  readonly data?: string
  readonly aws?: boolean
}

export function addDoctor(program: Command, session: Session): void {
  const command = program
    .command('doctor')
    .option(
      '--worker <module>',
      'a worker module that should load; may be repeated (worker.ts or worker.js here)',
      collect,
    )
    .option('--data <folder>', 'the data folder of the hub (TASKURAI_DATA, .taskurai)')
    .addOption(
      new Option('--aws', 'look at the AWS account that a hub is to be deployed into, not at a hub').conflicts([
        'data',
        'endpoint',
      ]),
    )
    .action(async (flags: DoctorFlags) => {
      const output = createOutput(session.world, flags.json === true)
      const checks: Check[] = []
      for await (const check of examine(session, flags)) {
        checks.push(check)
        if (!output.isJson) await output.print(lineOf(check, output))
      }
      const failed = checks.filter(({ state }) => state === 'fail').length
      if (output.isJson) await output.printJson({ ok: failed === 0, checks })
      else if (failed > 0) await output.say(`${failed} of ${checks.length} checks failed.`)
      session.exitCode = failed === 0 ? 0 : CHECK_FAILED
    })
  explain(withHubOptions(command), {
    summary: 'look for what keeps things from working, and say what to do',
    about: `Looks at Node, the way to the hub, the clock, the keys, and, for a hub on this machine, at its data folder, its disk
and its port; then at worker modules. With --aws at the account instead: whose keys these are, the quotas of Lambda and
Fargate, the role of ECS, the bootstrap of CDK, and what builds images here; a permission that is missing is named, and
its check skipped. One line each: ok, warn or fail, and what to do. Changes nothing.`,
    examples: [
      ['taskurai doctor', 'everything here'],
      ['taskurai doctor --worker worker.ts', 'and whether this worker loads'],
      ['taskurai doctor --aws --region eu-central-1', 'before the first deployment'],
      ['taskurai doctor --json | jq ".checks[] | select(.state != \\"ok\\")"', 'for a script'],
    ],
  })
}

async function* examine(session: Session, flags: DoctorFlags): AsyncGenerator<Check, void, undefined> {
  const { world } = session
  if (world.nodeVersion !== undefined) yield checkNode(world.nodeVersion)
  if (flags.aws === true) yield* examineAws(world, flags)
  else yield* examineWay(session, flags)
  for (const module of modulesOf(session, flags)) yield await checkModule(session, module)
}

async function* examineWay(session: Session, flags: DoctorFlags): AsyncGenerator<Check, void, undefined> {
  const { endpoint } = flags
  const found = resolveEndpoint(endpoint === undefined ? {} : { endpoint }, session.world.env)
  if (found.ok) yield* examineHub(session, flags, found.endpoint)
  else yield failInWords('endpoint', found.message, 'correct --endpoint or TASKURAI_ENDPOINT')
}

async function* examineHub(
  session: Session,
  flags: DoctorFlags,
  endpoint: URL,
): AsyncGenerator<Check, void, undefined> {
  const { world } = session
  const open = await connect(world, flags, { openOnly: true })
  const { check, isHub, aheadMs } = await greet(open.line)
  yield check
  if (aheadMs !== undefined) yield checkClock(aheadMs)
  const signed = await connect(world, flags).catch((error: unknown) => reasonOf(error))
  if (typeof signed === 'string') yield failInWords('keys', signed, 'say which keys to use')
  else yield* examineKeys(signed, world.cwd, isHub)
  if (!isLoopback(endpoint)) return
  const folder = resolve(world.cwd, flags.data ?? (world.env.TASKURAI_DATA || DEFAULT_DATA_FOLDER))
  yield await checkFolder(folder, tokenOf(systemOf(session)))
  yield await checkSpace(folder)
  const called = Number(endpoint.port) || 80
  const port = portOf(world.env, called)
  if (port === undefined)
    yield fail('port', `TASKURAI_PORT is '${world.env.TASKURAI_PORT}'`, 'set it to a number from 0 to 65535')
  else if (port > 0) yield await checkPort({ port, isHub: isHub && port === called })
}

async function* examineKeys(
  { line, client }: Connected,
  cwd: string,
  isHub: boolean,
): AsyncGenerator<Check, void, undefined> {
  const file = await checkKeyFile(line.connection, cwd)
  if (file !== undefined) yield file
  if (!isHub) return
  const key = await checkKey(line)
  yield key
  if (key.state !== 'ok') return
  const workers = await client.workers().catch(() => [])
  for (const { name, breaker } of workers) {
    if (breaker === undefined) continue
    const says = `${name} does not start: ${breaker.reason}`
    yield warn('worker', says, `mend it; the hub tries again after ${breaker.openUntil}`)
  }
}

/** What was named, else the module that `taskurai init` makes, if there is one here. */
function modulesOf({ world }: Session, { worker }: DoctorFlags): readonly string[] {
  if (worker !== undefined) return worker
  return ['worker.ts', 'worker.js', 'worker.mjs'].filter((name) => existsSync(resolve(world.cwd, name))).slice(0, 1)
}

async function checkModule({ world }: Session, name: string): Promise<Check> {
  try {
    const manifest = await manifestOf(world, findModule(world, name))
    const { commands } = (manifest ?? {}) as { readonly commands?: unknown }
    const count = Array.isArray(commands) ? commands.length : 0
    return ok('module', `${name} loads: ${count} ${count === 1 ? 'command' : 'commands'}`)
  } catch (error) {
    return fail('module', `${name}: ${reasonOf(error)}`, `mend it, and see: taskurai manifest ${name}`)
  }
}

/** Where `serve` would listen; 0 is any free one, and needs no look. */
function portOf({ TASKURAI_PORT }: CliWorld['env'], called: number): number | undefined {
  if (!TASKURAI_PORT) return called
  return /^\d{1,5}$/.test(TASKURAI_PORT) && Number(TASKURAI_PORT) <= portMost ? Number(TASKURAI_PORT) : undefined
}

const portMost = 65_535

const colors: Readonly<Record<Check['state'], Color>> = { ok: 'green', warn: 'yellow', fail: 'red' }
const nameWidth = 12

function lineOf({ state, name, says, advice }: Check, { paint }: Output): string {
  const told = advice === undefined ? says : `${says} → ${advice}`
  return `${paint(colors[state], state.padEnd(4))}  ${name.padEnd(nameWidth)}${clean(told)}`
}

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { DEFAULT_DATA_FOLDER } from '../../credentials.ts'
import { TaskuraiError } from '../../error.ts'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { createOutput } from '../output.ts'
import { collect, type Session, withJson } from '../session.ts'
import { renderTable } from '../table.ts'
import type { CliWorld, KeyOfHub, KeysAccess } from '../world.ts'

/** The keys of a hub on this machine. These work on its data folder, not through its API: who may write there is its owner. */

interface KeysFlags {
  readonly data?: string
  readonly json?: boolean
}

interface AddFlags extends KeysFlags {
  readonly name: string
  readonly allow: readonly string[]
}

export function addKeys(program: Command, session: Session): void {
  const { world } = session
  const keys = program.command('keys')
  explain(keys, {
    summary: 'the keys of a hub on this machine',
    about: `Makes, lists and removes the keys of a hub on this machine. They lie in its data folder, in the format of the AWS
tools, for its owner's eyes only; a running hub takes up each change within a second.`,
    examples: [
      [
        'taskurai keys add --name shop --allow "POST /v1/commands/order.*/tasks"',
        'may submit orders, and nothing else',
      ],
      ['taskurai keys list', 'all keys, and what they may do'],
      ['taskurai keys remove shop', 'refused from now on'],
    ],
  })
  const verb = (name: string): Command =>
    keys.command(name).option('--data <folder>', 'the data folder of the hub (TASKURAI_DATA, .taskurai)')

  const add = verb('add')
    .requiredOption('--name <name>', 'its name; used as AWS_PROFILE')
    .requiredOption('--allow <allow>', 'a method and a path, * stands for anything; may be repeated', collect)
    .action(async ({ name, allow, ...flags }: AddFlags) => {
      const { access, folder, output } = await openKeys(world, flags)
      const outcome = await access.addKey(folder, { name, allow })
      if (!outcome.ok) throw refusal(outcome)
      const { key } = outcome
      if (output.isJson) return output.printJson(withSecret(key))
      await output.print(exportLines(key))
      if (output.isTerminal)
        await output.say(`Give these to whoever is to use it; on this machine AWS_PROFILE=${name} will do.`)
    })
  explain(withJson(add), {
    summary: 'make a key',
    about: `Makes a key and prints it as variables for a shell or an env file. It may do what its allows name and nothing else.`,
    examples: [
      ['taskurai keys add --name shop --allow "POST /v1/commands/order.*/tasks"', 'may submit orders'],
      ['taskurai keys add --name desk --allow "GET /*" --allow "POST /v1/tasks/*/retry"', 'may look, and retry'],
      ['taskurai keys add --name admin --allow "*"', 'may do everything'],
    ],
  })

  const list = verb('list').action(async (flags: KeysFlags) => {
    const { access, folder, output } = await openKeys(world, flags)
    const notices: string[] = []
    const outcome = access.listKeys(folder, (message) => notices.push(message))
    for (const notice of notices) await output.say(notice)
    if (!outcome.ok) throw refusal(outcome)
    if (output.isJson) return output.printJson({ keys: outcome.keys.map(withoutSecret) })
    const columns = [{ title: 'NAME', least: 8 }, { title: 'ACCESS KEY ID' }, { title: 'ALLOWS', least: 12 }]
    // One allow a line: what a key may do is the one thing that must not be cut off at the end.
    const rows = outcome.keys.flatMap(({ name, accessKeyId, allows }) =>
      (allows.length === 0 ? ['nothing'] : allows).map((allow, index) =>
        index === 0 ? [name, accessKeyId, allow] : ['', '', allow],
      ),
    )
    await output.print(renderTable({ columns, rows, width: output.width }).text)
  })
  explain(withJson(list), {
    summary: 'list the keys, without their secrets',
    examples: [['taskurai keys list --json | jq -r ".keys[].name"', 'their names']],
  })

  const remove = verb('remove')
    .argument('<name>', 'its name')
    .action(async (name: string, flags: KeysFlags) => {
      const { access, folder, output } = await openKeys(world, flags)
      const outcome = await access.removeKey(folder, name)
      if (!outcome.ok) throw refusal(outcome)
      if (output.isJson) return output.printJson(withoutSecret(outcome.key))
      await output.print(`${name} is removed`)
      if (name === 'worker') await output.say(noWorkerKey)
      if (name === 'default') await output.say(noDefaultKey)
    })
  explain(withJson(remove), {
    summary: 'remove a key; a running hub refuses it at once',
    examples: [['taskurai keys remove shop', 'refused from now on']],
  })
}

const noWorkerKey = `The hub's own instances sign with [worker]: make it anew with
taskurai keys add --name worker --allow "GET /v1/worker-protocol/*" --allow "POST /v1/worker-protocol/*"`
const noDefaultKey = `This command line signs with [default]: make it anew, or set AWS_PROFILE to another one.`

async function openKeys(world: CliWorld, { data, json }: KeysFlags) {
  if (world.keys === undefined) throw wrongCall('This installation of taskurai holds no hub, so it has no keys.')
  const access: KeysAccess = await world.keys()
  const folder = resolve(world.cwd, data ?? (world.env.TASKURAI_DATA || DEFAULT_DATA_FOLDER))
  return { access, folder, output: createOutput(world, json === true) }
}

function refusal({ reason, message }: { readonly reason: string; readonly message: string }): TaskuraiError {
  const codes = { missing: 'not-found', unknown: 'not-found', exists: 'conflict', busy: 'unavailable' } as const
  const code = Object.entries(codes).find(([known]) => known === reason)?.[1] ?? 'bad-call'
  return new TaskuraiError({ code, detail: message })
}

function withoutSecret({ name, accessKeyId, region, allows }: KeyOfHub) {
  return { name, accessKeyId, region, allows }
}

function withSecret(key: KeyOfHub) {
  return { ...withoutSecret(key), secretAccessKey: key.secretKey }
}

/** Ready for a shell or an env file. */
function exportLines({ accessKeyId, secretKey, region }: KeyOfHub): string {
  return `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretKey}\nAWS_REGION=${region}`
}

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { DEFAULT_DATA_FOLDER } from '../../credentials.ts'
import { TaskuraiError } from '../../error.ts'
import { wrongCall } from '../exit.ts'
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
  const keys = program.command('keys').description('the keys of a hub on this machine')
  const verb = (name: string): Command =>
    withJson(keys.command(name)).option('--data <folder>', 'the data folder of the hub (TASKURAI_DATA, .taskurai)')

  verb('add')
    .description('make a key')
    .requiredOption('--name <name>', 'its name; used as AWS_PROFILE')
    .requiredOption('--allow <allow>', 'a method and a path, * stands for anything; may be repeated', collect)
    .addHelpText('after', `\nExample: taskurai keys add --name shop --allow "POST /v1/commands/order.*/tasks"`)
    .action(async ({ name, allow, ...flags }: AddFlags) => {
      const { access, folder, output } = await openKeys(world, flags)
      const outcome = await access.addKey(folder, { name, allow })
      if (!outcome.ok) throw refusal(outcome)
      const { key } = outcome
      await (output.isJson ? output.printJson(withSecret(key)) : output.print(exportLines(key)))
    })

  verb('list')
    .description('list the keys, without their secrets')
    .action(async (flags: KeysFlags) => {
      const { access, folder, output } = await openKeys(world, flags)
      const notices: string[] = []
      const outcome = access.listKeys(folder, (message) => notices.push(message))
      for (const notice of notices) await output.say(notice)
      if (!outcome.ok) throw refusal(outcome)
      if (output.isJson) return output.printJson({ keys: outcome.keys.map(withoutSecret) })
      const columns = [{ title: 'NAME' }, { title: 'ACCESS KEY ID' }, { title: 'ALLOWS' }]
      const rows = outcome.keys.map(({ name, accessKeyId, allows }) => [name, accessKeyId, allows.join(', ')])
      await output.print(renderTable({ columns, rows, width: output.width }).text)
    })

  verb('remove')
    .description('remove a key; a running hub refuses it at once')
    .argument('<name>', 'its name')
    .action(async (name: string, flags: KeysFlags) => {
      const { access, folder, output } = await openKeys(world, flags)
      const outcome = await access.removeKey(folder, name)
      if (!outcome.ok) throw refusal(outcome)
      await (output.isJson ? output.printJson(withoutSecret(outcome.key)) : output.print(`${name} is removed`))
    })
}

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

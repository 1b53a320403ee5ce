import type { TaskToSubmit } from '../../contract.ts'
import { isRecord } from '../../problem.ts'
import type { HubFlags } from '../connect.ts'
import { wrongCall } from '../exit.ts'
import { readJsonFile } from '../json-input.ts'
import { openHub, type Session } from '../session.ts'
import { renderTable } from '../table.ts'

/** `submit --file dag.json`: many tasks of one file, which may depend on each other. */

export interface FileFlags extends HubFlags {
  readonly key?: string
  readonly file?: readonly string[]
}

/** All else that `submit` takes says something of one task. */
const ofTheCall: ReadonlySet<string> = new Set(['key', 'file', 'json', 'endpoint', 'profile', 'region'])

export async function submitFile(session: Session, flags: FileFlags): Promise<void> {
  const { key, file = [] } = flags
  const [name] = file
  if (name === undefined) throw wrongCall("Give a command, or a file of tasks: missing required argument 'command'.")
  if (file.length > 1) throw wrongCall('Without a command, --file is one file of tasks.')
  const unfit = Object.keys(flags).find((flag) => !ofTheCall.has(flag))
  if (unfit !== undefined) throw wrongCall(`${optionOf(unfit)} is for one task: say it in the file, or give a command.`)
  const tasks = readTasks(await readJsonFile(name, session.world), name)
  const { client, output } = await openHub(session, flags)
  const ids = await client.submitBatch(tasks, { idempotencyKey: key })
  const made = tasks.map(({ ref, command }, index) => ({ id: ids[index] ?? '', ref, command }))
  if (output.isJson) return output.printJson({ tasks: made })
  const hasRefs = made.some(({ ref }) => ref !== undefined)
  const columns = [{ title: 'ID' }, ...(hasRefs ? [{ title: 'REF' }] : []), { title: 'COMMAND', least: 14 }]
  const rows = made.map(({ id, ref = '', command }) => (hasRefs ? [id, ref, command] : [id, command]))
  await output.print(renderTable({ columns, rows, width: output.width }).text)
}

/** An array of tasks, or the body that the API takes. All but the command is checked by the hub, which knows it best. */
function readTasks(value: unknown, name: string): readonly TaskToSubmit[] {
  const tasks = isRecord(value) ? value.tasks : value
  if (!Array.isArray(tasks) || tasks.length === 0) {
    throw wrongCall(`${name} should hold tasks: [{ "command": …, "arguments": … }, …].`)
  }
  return tasks.map((task: unknown, index) => {
    if (isTask(task)) return task
    throw wrongCall(`Task ${index} of ${name} should be an object with a "command".`)
  })
}

function isTask(value: unknown): value is TaskToSubmit {
  return isRecord(value) && typeof value.command === 'string'
}

function optionOf(flag: string): string {
  return `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

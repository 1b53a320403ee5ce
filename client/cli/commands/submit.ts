import type { Command } from 'commander'
import type { NewFile } from '../../../core/contract/files.ts'
import type { Client } from '../../client.ts'
import type { HubFlags } from '../connect.ts'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { readArguments } from '../json-input.ts'
import { choice, collect, openHub, type Session, withHubOptions } from '../session.ts'
import { taskLine } from '../show-task.ts'
import { type NamedFile, readCommandName, readFiles, readNumber, readTags, readWhen } from '../values.ts'
import { sayWhyIdle, waitForTask } from '../wait-for-task.ts'
import { submitFile } from './submit-file.ts'

interface SubmitFlags extends HubFlags {
  readonly subject?: string
  readonly description?: string
  readonly category?: string
  readonly externalId?: string
  readonly accountId?: string
  readonly userId?: string
  readonly correlationId?: string
  readonly tag?: readonly string[]
  readonly unlisted?: boolean
  readonly startAfter?: string
  readonly notStartAfter?: string
  readonly timeoutSeconds?: string
  readonly retentionSeconds?: string
  readonly key?: string
  readonly isolationKey?: string
  readonly dependsOn?: readonly string[]
  readonly onDependencyFailure?: string
  readonly file?: readonly string[]
  readonly wait?: boolean
  readonly waitSeconds?: string
}

const secondsMost = 366 * 86_400

export function addSubmit(program: Command, session: Session): void {
  const command = program
    .command('submit')
    .argument('[command]', 'the command, as name or name@version; left out with a file of tasks')
    .argument('[arguments]', 'its arguments: JSON, @file, or - for standard input')
    .option(
      '--file <[name=]path>',
      'a file that the task comes with; may be repeated. Without a command: a file of tasks',
      collect,
    )
    .option('--subject <text>', 'what people read in lists')
    .option('--description <text>', 'more words for people')
    .option('--category <text>', 'a category for people')
    .option('--external-id <id>', 'your own id of the matter')
    .option('--account-id <id>', 'the account it is for')
    .option('--user-id <id>', 'the user it is for')
    .option('--correlation-id <id>', 'shared by tasks that belong together')
    .option('--tag <key=value>', 'a tag; may be repeated', collect)
    .option('--unlisted', 'keep it out of lists')
    .option('--start-after <time>', 'not before: an instant, or 90s, 10m, 2h, 1d from now')
    .option('--not-start-after <time>', 'expires if it did not start by then')
    .option('--depends-on <id>', 'a task that must end first; may be repeated', collect)
    .addOption(choice('--on-dependency-failure <what>', 'if one of those does not succeed (fail)', afterFailure))
    .option('--timeout-seconds <n>', 'how long one run may take')
    .option('--retention-seconds <n>', 'how long it is kept after its end')
    .option('--key <key>', 'idempotency key: the same key never makes a second task')
    .option('--isolation-key <key>', 'for the worker that runs under this key, and no other')
    .option('--wait', 'wait until it ends and exit by how it ended')
    .option('--wait-seconds <n>', 'wait for so long at most')
    .action(async (commandText: string | undefined, argumentsText: string | undefined, flags: SubmitFlags) => {
      if (commandText === undefined) return submitFile(session, flags)
      session.exitCode = await submit(session, { commandText, argumentsText, flags })
    })
  explain(withHubOptions(command), {
    summary: 'submit a task',
    about: `Submits a task and prints its id, command and status. Without --key each call makes a task of its own; with the
same key and arguments it answers the task that there is. Without a command, --file names one file of tasks, - for
standard input: a JSON array of them as the API takes them. Those with a "ref" can be named by others in "dependsOn".`,
    examples: [
      [`taskurai submit hello.greet '{"name":"Ada"}'`, 'prints the task in a line'],
      ['taskurai submit order.confirm @order.json --wait', 'from a file, and wait for its end'],
      ['jq .order in.json | taskurai submit order.confirm - --key order-10248', 'safe to repeat'],
      ['taskurai submit order.confirm@1 @order.json --isolation-key ann', 'an older version, by your own worker'],
      [`taskurai submit video.convert '{}' --file input=holiday.mp4`, 'with a file'],
      ['taskurai submit report.mail --depends-on 01K9… --depends-on 01KA…', 'once both have succeeded'],
      ['taskurai submit --file dag.json', 'many tasks, which may depend on each other'],
    ],
  })
}

interface SubmitAsk {
  readonly commandText: string
  readonly argumentsText: string | undefined
  readonly flags: SubmitFlags
}

async function submit(session: Session, { commandText, argumentsText, flags }: SubmitAsk): Promise<number> {
  const { name, version } = readCommandName(commandText)
  const seconds = (text: string | undefined, option: string, least: number): number | undefined =>
    text === undefined ? undefined : readNumber(text, { option, least, most: secondsMost })
  const waitSeconds = seconds(flags.waitSeconds, '--wait-seconds', 0)
  const config = {
    version,
    subject: flags.subject,
    description: flags.description,
    category: flags.category,
    externalId: flags.externalId,
    accountId: flags.accountId,
    userId: flags.userId,
    correlationId: flags.correlationId,
    tags: readTags(flags.tag),
    unlisted: flags.unlisted,
    startAfter: readWhen(flags.startAfter, '--start-after'),
    notStartAfter: readWhen(flags.notStartAfter, '--not-start-after'),
    timeoutSeconds: seconds(flags.timeoutSeconds, '--timeout-seconds', 1),
    retentionSeconds: seconds(flags.retentionSeconds, '--retention-seconds', 60),
    idempotencyKey: flags.key,
    isolationKey: flags.isolationKey,
    dependsOn: flags.dependsOn,
    onDependencyFailure: readAfterFailure(flags.onDependencyFailure),
  }
  const input = await readArguments(argumentsText, session.world)
  const named = await readFiles(flags.file, session.world)
  const { output, ...connected } = await openHub(session, flags)
  const files = await sendFiles(connected.client, named)
  const task = await connected.client.submit(name, input, files.length === 0 ? config : { ...config, files })
  if (flags.wait !== true && waitSeconds === undefined) {
    await (output.isJson ? output.printJson(task) : output.print(taskLine(task)))
    return 0
  }
  // Said at once, so that whoever stops waiting knows the task; with --json stdout holds the one ended task only.
  await output.say(taskLine(task))
  await sayWhyIdle(task, { output, connected })
  return waitForTask(task, { output, connected, timeoutSeconds: waitSeconds })
}

const afterFailure = ['fail', 'continue'] as const

function readAfterFailure(text: string | undefined): (typeof afterFailure)[number] | undefined {
  const read = afterFailure.find((each) => each === text)
  if (read !== undefined || text === undefined) return read
  throw wrongCall(`--on-dependency-failure '${text}' should be one of ${afterFailure.join(', ')}.`)
}

async function sendFiles(client: Client, named: readonly NamedFile[]): Promise<NewFile[]> {
  const files: NewFile[] = []
  for (const { name, path } of named) files.push({ name, payload: (await client.upload(path)).id })
  return files
}

import type { Command } from 'commander'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import { readData } from '../json-input.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { clean } from '../table.ts'

interface SignalFlags extends HubFlags {
  readonly data?: string
  readonly dataFile?: string
  readonly signalId?: string
}

export function addSignal(program: Command, session: Session): void {
  const command = program
    .command('signal')
    .argument('<id>', 'the id of the task')
    .argument('<name>', 'the name that a step of it waits for')
    .option('--data <json>', 'what goes with it')
    .option('--data-file <file>', 'the same from a file of JSON, or - for standard input')
    .option('--signal-id <id>', 'your own id of it: sent again with the same, it is one signal')
    .action(async (id: string, name: string, flags: SignalFlags) => {
      const data = await readData(flags, session.world)
      const { client, output } = await openHub(session, flags)
      const sent = await client.signal(id, name, data, { id: flags.signalId })
      await (output.isJson
        ? output.printJson(sent)
        : output.print(clean(`signal ${sent.name} is with task ${sent.taskId}`)))
    })
  explain(withHubOptions(command), {
    summary: 'send a signal to a task: an approval, an answer, an event',
    about: `Sends a named event to a task, for a step of it that waits by ctx.waitForSignal. It need not wait yet: a signal is
kept until a step takes it. A task that has ended takes none (exit code 5).`,
    examples: [
      [`taskurai signal 01K9… approved --data '{"by":"Ada"}'`, 'with data'],
      ['taskurai signal 01K9… paid --data-file payment.json', 'from a file'],
      ['taskurai signal 01K9… paid --signal-id payment-815', 'safe to repeat'],
    ],
  })
}

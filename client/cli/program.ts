import { Command } from 'commander'
import { addBulk } from './commands/bulk.ts'
import { addChildren } from './commands/children.ts'
import { addCompletion } from './commands/completion.ts'
import { addDirectory } from './commands/directory.ts'
import { addDoctor } from './commands/doctor.ts'
import { addHealth } from './commands/health.ts'
import { addServe, addWork } from './commands/hub.ts'
import { addInit } from './commands/init.ts'
import { addKeys } from './commands/keys.ts'
import { addList } from './commands/list.ts'
import { addLogs } from './commands/logs.ts'
import { addManifest } from './commands/manifest.ts'
import { addPayloads } from './commands/payloads.ts'
import { addSignal } from './commands/signal.ts'
import { addSteps } from './commands/steps.ts'
import { addSubmit } from './commands/submit.ts'
import { addCancel, addGet, addRetry } from './commands/tasks.ts'
import { addWatch } from './commands/watch.ts'
import { addWatchToken } from './commands/watch-token.ts'
import { addCommands, addPause, addResume, addWorkers } from './commands/workers.ts'
import { addEnding } from './help.ts'
import type { Session } from './session.ts'

type Add = (program: Command, session: Session) => void

/** Every command, by what a person is at. */
const groups: readonly (readonly [heading: string, adders: readonly Add[]])[] = [
  [
    'Tasks:',
    [
      addSubmit,
      addGet,
      addList,
      addWatch,
      addWatchToken,
      addSteps,
      addChildren,
      addSignal,
      addLogs,
      addCancel,
      addRetry,
      addBulk,
      addPayloads,
    ],
  ],
  ['Workers:', [addWorkers, addCommands, addPause, addResume]],
  ['Making a worker:', [addInit, addManifest, addWork]],
  ['The hub:', [addServe, addKeys, addDirectory, addHealth, addDoctor]],
  ['This program:', [addCompletion]],
]

const about = `Submits and watches tasks, and runs a hub and its workers. --help behind a command tells all about it.`

function helpCommand(): Command {
  const description = 'the same as --help behind that command'
  return new Command('help').argument('[command]').helpOption(false).description(description).helpGroup('This program:')
}

/** The whole command line. `setUp` comes first, since commands take over how the program is set when they are added. */
export function createProgram(session: Session, setUp: (program: Command) => void): Command {
  const program = new Command('taskurai').description(about).version(session.world.version)
  setUp(program)
  program.addHelpCommand(helpCommand())
  addEnding(program)
  for (const [heading, adders] of groups) {
    program.commandsGroup(heading)
    for (const add of adders) add(program, session)
  }
  return program
}

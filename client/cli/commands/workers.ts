import type { Command } from 'commander'
import type { WorkerView } from '../../../core/contract/workers.ts'
import type { RegisteredCommand } from '../../client.ts'
import { TaskuraiError } from '../../error.ts'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { renderPairs, renderTable } from '../table.ts'

const columns = [
  { title: 'WORKER', most: 40 },
  { title: 'INSTANCES', right: true },
  { title: 'STARTING', right: true, isOptional: true },
  { title: 'FREE', right: true, isOptional: true },
  { title: 'BACKLOG', right: true },
  { title: 'SCALE', isOptional: true },
  { title: 'STATE', most: 20 },
  { title: 'COMMANDS', least: 12 },
]

export function addWorkers(program: Command, session: Session): void {
  const command = program
    .command('workers')
    .argument('[name]', 'only this one, with all there is to know')
    .action(async (name: string | undefined, flags: HubFlags) => {
      const { client, output } = await openHub(session, flags)
      if (name !== undefined) {
        const worker = await client.worker(name)
        return output.isJson ? output.printJson(worker) : output.print(workerDetails(worker))
      }
      const workers = await client.workers()
      if (output.isJson) return output.printJson({ workers })
      await output.print(renderTable({ columns, rows: workers.map(workerRow), width: output.width }).text)
      if (workers.length === 0) await output.say('No worker yet; start one with: taskurai serve --worker <module>')
    })
  explain(withHubOptions(command), {
    summary: 'show the workers and how many instances they have',
    examples: [
      ['taskurai workers', 'all of them in a table'],
      ['taskurai workers orders', 'one, and why it may not start'],
    ],
  })
}

export function addCommands(program: Command, session: Session): void {
  const command = program
    .command('commands')
    .argument('[name]', 'only this one, with what it takes and gives')
    .action(async (name: string | undefined, flags: HubFlags) => {
      const { client, output } = await openHub(session, flags)
      const all = await client.commands()
      const commands = name === undefined ? all : all.filter((one) => name === one.name || name === nameOf(one))
      if (name !== undefined && commands.length === 0) throw noCommand(name, all)
      if (output.isJson) return output.printJson({ commands })
      if (name !== undefined) return output.print(commands.map(commandDetails).join('\n\n'))
      const rows = commands.map((one) => [nameOf(one), one.worker])
      const titles = [{ title: 'COMMAND', least: 14 }, { title: 'WORKER' }]
      await output.print(renderTable({ columns: titles, rows, width: output.width }).text)
    })
  explain(withHubOptions(command), {
    summary: 'show the commands that can be submitted',
    examples: [
      ['taskurai commands', 'all of them, and their workers'],
      ['taskurai commands order.confirm', 'the schema of what one takes and gives'],
    ],
  })
}

function noCommand(name: string, all: readonly RegisteredCommand[]): TaskuraiError {
  const known = all.length === 0 ? 'no worker has registered any' : `there are ${all.map(nameOf).join(', ')}`
  return new TaskuraiError({ code: 'not-found', detail: `There is no command '${name}': ${known}.` })
}

function commandDetails(command: RegisteredCommand): string {
  const { name: _name, version: _version, worker, ...rest } = command
  const facts = Object.entries(rest).map(([name, fact]): [string, string] => [
    name,
    typeof fact === 'object' ? JSON.stringify(fact, undefined, 2) : String(fact),
  ])
  return renderPairs([['command', nameOf(command)], ['worker', worker], ...facts])
}

function nameOf({ name, version }: { readonly name: string; readonly version: number }): string {
  return `${name}@${version}`
}

interface ReasonFlags extends HubFlags {
  readonly reason?: string
}

export function addPause(program: Command, session: Session): void {
  const command = program
    .command('pause')
    .argument('<worker>', 'the name of the worker')
    .option('--reason <text>', 'why, for whoever finds it paused')
    .action(async (name: string, flags: ReasonFlags) => {
      const { client, output } = await openHub(session, flags)
      const worker = await client.pause(name, flags.reason === undefined ? {} : { reason: flags.reason })
      await (output.isJson
        ? output.printJson(worker)
        : output.print(`${name} is paused; go on with: taskurai resume ${name}`))
    })
  explain(withHubOptions(command), {
    summary: 'let a worker take nothing new; what runs goes on',
    examples: [['taskurai pause orders --reason "mail is down"', 'tasks wait from now on']],
  })
}

export function addResume(program: Command, session: Session): void {
  const command = program
    .command('resume')
    .argument('<worker>', 'the name of the worker')
    .action(async (name: string, flags: HubFlags) => {
      const { client, output } = await openHub(session, flags)
      const worker = await client.resume(name)
      await (output.isJson ? output.printJson(worker) : output.print(`${name} goes on`))
    })
  explain(withHubOptions(command), {
    summary: 'let a paused worker go on',
    examples: [['taskurai resume orders', 'what waited starts']],
  })
}

function workerRow(worker: WorkerView): readonly string[] {
  const { name, instances, starting, freeSlots, backlog, scaling } = worker
  const scale = `${scaling.min}–${scaling.max}`
  return [
    name,
    String(instances),
    String(starting),
    String(freeSlots),
    String(backlog),
    scale,
    stateOf(worker),
    namesOf(worker),
  ]
}

function workerDetails(worker: WorkerView): string {
  const { breaker, scaling } = worker
  return renderPairs([
    ['worker', worker.name],
    ['state', stateOf(worker)],
    ['start fails', breaker && `${breaker.failures} times, next try after ${breaker.openUntil}: ${breaker.reason}`],
    ['instances', `${worker.instances}, ${worker.starting} starting, ${worker.freeSlots} free slots`],
    ['backlog', String(worker.backlog)],
    ['scale', `${scaling.min} to ${scaling.max}, one for each ${scaling.tasksPerInstance} tasks`],
    ['concurrency', String(worker.concurrency)],
    ['generation', worker.generation],
    ['commands', worker.commands.map(nameOf).join('\n')],
  ])
}

function stateOf({ paused, breaker, instances, starting }: WorkerView): string {
  if (paused) return 'paused'
  if (breaker !== undefined) return 'start fails'
  if (starting > 0) return 'starting'
  return instances > 0 ? 'up' : 'at zero'
}

function namesOf({ commands }: WorkerView): string {
  return commands.map(nameOf).join(' ')
}

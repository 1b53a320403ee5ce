import type { Command } from 'commander'
import type { WorkerView } from '../../../core/contract/workers.ts'
import type { HubFlags } from '../connect.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { renderPairs, renderTable } from '../table.ts'

const columns = [
  { title: 'WORKER', most: 40 },
  { title: 'INSTANCES', right: true },
  { title: 'STARTING', right: true },
  { title: 'FREE', right: true },
  { title: 'BACKLOG', right: true },
  { title: 'SCALE' },
  { title: 'STATE', most: 20 },
  { title: 'COMMANDS' },
]

export function addWorkers(program: Command, session: Session): void {
  withHubOptions(program.command('workers'))
    .description('show the workers and how many instances they have')
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
}

export function addCommands(program: Command, session: Session): void {
  withHubOptions(program.command('commands'))
    .description('show the commands that can be submitted')
    .action(async (flags: HubFlags) => {
      const { client, output } = await openHub(session, flags)
      const commands = await client.commands()
      if (output.isJson) return output.printJson({ commands })
      const rows = commands.map(({ name, version, worker }) => [`${name}@${version}`, worker])
      const titles = [{ title: 'COMMAND' }, { title: 'WORKER' }]
      await output.print(renderTable({ columns: titles, rows, width: output.width }).text)
    })
}

interface ReasonFlags extends HubFlags {
  readonly reason?: string
}

export function addPause(program: Command, session: Session): void {
  withHubOptions(program.command('pause'))
    .description('let a worker take nothing new; what runs goes on')
    .argument('<worker>', 'the name of the worker')
    .option('--reason <text>', 'why, for whoever finds it paused')
    .action(async (name: string, flags: ReasonFlags) => {
      const { client, output } = await openHub(session, flags)
      const worker = await client.pause(name, flags.reason === undefined ? {} : { reason: flags.reason })
      await (output.isJson
        ? output.printJson(worker)
        : output.print(`${name} is paused; go on with: taskurai resume ${name}`))
    })
}

export function addResume(program: Command, session: Session): void {
  withHubOptions(program.command('resume'))
    .description('let a paused worker go on')
    .argument('<worker>', 'the name of the worker')
    .action(async (name: string, flags: HubFlags) => {
      const { client, output } = await openHub(session, flags)
      const worker = await client.resume(name)
      await (output.isJson ? output.printJson(worker) : output.print(`${name} goes on`))
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
    ['commands', worker.commands.map(({ name, version }) => `${name}@${version}`).join('\n')],
  ])
}

function stateOf({ paused, breaker, instances, starting }: WorkerView): string {
  if (paused) return 'paused'
  if (breaker !== undefined) return 'start fails'
  if (starting > 0) return 'starting'
  return instances > 0 ? 'up' : 'at zero'
}

function namesOf({ commands }: WorkerView): string {
  return commands.map(({ name, version }) => `${name}@${version}`).join(' ')
}

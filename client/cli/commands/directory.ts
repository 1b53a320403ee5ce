import { resolve } from 'node:path'
import type { Command } from 'commander'
import { DEFAULT_DATA_FOLDER } from '../../credentials.ts'
import { TaskuraiError } from '../../error.ts'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { createOutput, type Output } from '../output.ts'
import { type Session, systemOf, withJson } from '../session.ts'
import { readNumber } from '../values.ts'
import type { RebuildProgress } from '../world.ts'
import { notHere } from './hub.ts'

/** The directory that lists read, for its operator. It works on a hub's data, not through its API. */

interface RebuildFlags {
  readonly data?: string
  readonly table?: string
  readonly region?: string
  readonly shards?: string
  readonly json?: boolean
}

const shardsMost = 256
const progressEveryMs = 2_000

export function addDirectory(program: Command, session: Session): void {
  const directory = program.command('directory')
  explain(directory, {
    summary: 'the directory that lists read',
    about: `Lists read rows, which the hub writes as tasks come and change. Where rows are missing, as after an outage of more
than a day in an account, they are written anew from the tasks.`,
    examples: [['taskurai directory rebuild --data .taskurai', 'of a hub on this machine that is stopped']],
  })
  const rebuild = directory
    .command('rebuild')
    .option('--data <folder>', 'the data folder of a stopped hub on this machine (TASKURAI_DATA, .taskurai)')
    .option('--table <name>', 'the table of a hub in an AWS account')
    .option('--region <name>', 'the region of that table (AWS_REGION)')
    .option('--shards <n>', 'directory shards of that hub: its parameter /taskurai/<hub>/directory-shards')
    .action(async (flags: RebuildFlags) => {
      const output = createOutput(session.world, flags.json === true)
      const progress = await (flags.table === undefined
        ? rebuildOnDisk(session, flags, output)
        : rebuildInAccount(session, { ...flags, table: flags.table }, output))
      await (output.isJson ? output.printJson(progress) : output.print(words(progress)))
    })
  explain(withJson(rebuild), {
    summary: 'write the directory anew from the tasks',
    about: `Walks all tasks and writes their rows again. It takes nothing away, and may be stopped and begun anew at any time:
it starts from the first task then. On this machine the hub must be stopped. In an account the hub may run meanwhile; the
table is scanned under your own AWS keys, which need dynamodb:Scan and PutItem on it, and what it costs is a read of all
the table and one write a row. A hub that reads fewer shards than are written would not find all of them, so their number
must be given.`,
    examples: [
      ['taskurai directory rebuild --data /var/lib/taskurai', 'a hub on this machine'],
      ['taskurai directory rebuild --table acme-Table-1X2Y --region eu-west-1 --shards 4', 'a hub in an account'],
    ],
  })
}

async function rebuildOnDisk(session: Session, flags: RebuildFlags, output: Output): Promise<RebuildProgress> {
  const { world } = session
  if (flags.shards !== undefined || flags.region !== undefined)
    throw wrongCall('--shards and --region go with --table.')
  if (world.rebuildFolder === undefined) throw notHere('rebuild a directory')
  const rebuildFolder = await world.rebuildFolder()
  const dataFolder = resolve(world.cwd, flags.data ?? (world.env.TASKURAI_DATA || DEFAULT_DATA_FOLDER))
  const outcome = await rebuildFolder({ dataFolder, onProgress: tellOf(session, output) })
  if (outcome.kind === 'refused') throw new TaskuraiError({ code: 'conflict', detail: outcome.message })
  return outcome.progress
}

async function rebuildInAccount(
  session: Session,
  { table, region, shards, data }: RebuildFlags & { readonly table: string },
  output: Output,
): Promise<RebuildProgress> {
  const { world } = session
  if (data !== undefined) throw wrongCall('Either --data or --table: one hub at a time.')
  if (shards === undefined)
    throw wrongCall('--table needs --shards: as many as the hub has, 4 unless it was told otherwise.')
  const read = readNumber(shards, { option: '--shards', least: 1, most: shardsMost })
  if (world.rebuildTable === undefined) throw notHere('rebuild a directory')
  const rebuildTable = await world.rebuildTable()
  return rebuildTable({ table, region, shards: read, onProgress: tellOf(session, output) })
}

/** A line now and then, for whoever looks on. */
function tellOf(session: Session, output: Output): (progress: RebuildProgress) => void {
  const { now } = systemOf(session)
  let toldAt = now()
  return (progress) => {
    if (now() - toldAt < progressEveryMs) return
    toldAt = now()
    void output.say(`so far ${words(progress)}`)
  }
}

function words({ tasks, rows }: RebuildProgress): string {
  return `${tasks} tasks, ${rows} rows`
}

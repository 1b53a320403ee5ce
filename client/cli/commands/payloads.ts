import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import type { TaskFile } from '../../../core/contract/files.ts'
import type { Task } from '../../../core/contract/task.ts'
import type { Download } from '../../download.ts'
import type { HubFlags } from '../connect.ts'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { type Hub, openHub, type Session, tokenOf, withHubOptions } from '../session.ts'
import { sizeText } from '../show-task.ts'
import { renderPairs, renderTable } from '../table.ts'
import { refuseNoFile } from '../values.ts'
import type { CliWorld } from '../world.ts'

/** Files of tasks: sent before a task names them, listed, and brought here. */

interface UploadFlags extends HubFlags {
  readonly contentType?: string
}

interface DownloadFlags extends HubFlags {
  readonly out?: string
  readonly force?: boolean
}

export function addPayloads(program: Command, session: Session): void {
  const payloads = program.command('payloads')
  explain(payloads, {
    summary: 'send files, list those of a task, and bring them here',
    examples: [
      ['taskurai payloads upload holiday.mp4', 'its id goes into a new task'],
      ['taskurai payloads list 01K9…', 'the files of a task'],
      ['taskurai payloads download 01K9… thumbnail.jpg', 'into this folder'],
    ],
  })
  addUpload(payloads, session)
  addFiles(payloads, session)
  addDownload(payloads, session)
}

function addUpload(payloads: Command, session: Session): void {
  const { world } = session
  const command = payloads
    .command('upload')
    .argument('<file>', 'the file to send')
    .option('--content-type <type>', 'what it is; guessed from the name by default')
    .action(async (file: string, { contentType, ...flags }: UploadFlags) => {
      const path = resolve(world.cwd, file)
      await refuseNoFile(path)
      const { client, output } = await openHub(session, flags)
      const payload = await client.upload(path, contentType === undefined ? {} : { contentType })
      if (output.isJson) return output.printJson(payload)
      const { id, size, sha256 } = payload
      await output.print(
        renderPairs([
          ['payload', id],
          ['size', sizeText(size)],
          ['content type', payload.contentType],
          ['sha256', sha256],
        ]),
      )
    })
  explain(withHubOptions(command), {
    summary: 'send a file',
    about: `Sends a file, checked by its length and checksum, and prints its payload id. A new task names it as
"files": [{ "name": …, "payload": id }]; what no task names is removed after a week. submit --file does both in one go.`,
    examples: [
      ['taskurai payloads upload holiday.mp4', 'prints its payload id'],
      ['taskurai payloads upload a.bin --json | jq -r .id', 'for a script'],
    ],
  })
}

function addFiles(payloads: Command, session: Session): void {
  const command = payloads
    .command('list')
    .argument('<task>', 'the id of the task')
    .action(async (id: string, flags: HubFlags) => {
      const { client, output } = await openHub(session, flags)
      const task = await client.get(id)
      const files = filesOf(task)
      if (output.isJson) return output.printJson({ files })
      if (files.length === 0) return output.say('The task has no files.')
      const columns = [
        { title: 'NAME', least: 12 },
        { title: 'OF', most: 9 },
        { title: 'SIZE', right: true },
        { title: 'CONTENT TYPE', isOptional: true },
        { title: 'SHA256', least: 12 },
      ]
      const rows = files.map(({ name, of, size, contentType, sha256 }) => [
        name,
        of,
        sizeText(size),
        contentType,
        sha256,
      ])
      await output.print(renderTable({ columns, rows, width: output.width }).text)
    })
  explain(withHubOptions(command), {
    summary: 'list the files of a task',
    examples: [['taskurai payloads list 01K9…', 'those it came with and those of its result']],
  })
}

function addDownload(payloads: Command, session: Session): void {
  const command = payloads
    .command('download')
    .argument('<task>', 'the id of the task')
    .argument('<name>', 'the name of the file')
    .option('-o, --out <path>', 'where to: a file, a folder, or - for standard output; by default its name, here')
    .option('--force', 'write over a file that is there')
    .action(async (id: string, name: string, flags: DownloadFlags) => {
      const hub = await openHub(session, flags)
      await bring({ hub, world: session.world, id, name, flags })
    })
  explain(withHubOptions(command), {
    summary: 'bring a file of a task here',
    about: `Brings a file of a task here and checks its length and checksum. The file appears under its name only when it is
whole; a download that breaks off leaves nothing behind.`,
    examples: [
      ['taskurai payloads download 01K9… thumbnail.jpg', 'into this folder'],
      ['taskurai payloads download 01K9… report.csv -o -', 'to standard output'],
    ],
  })
}

interface Bring {
  readonly hub: Hub
  readonly world: CliWorld
  readonly id: string
  readonly name: string
  readonly flags: DownloadFlags
}

async function bring({ hub, world, id, name, flags }: Bring): Promise<void> {
  const { client, output } = hub
  if (flags.out === '-') {
    if (output.isJson) throw wrongCall('--json and the file itself cannot both go to standard output.')
    const { stream } = await client.download(id, name)
    for await (const chunk of stream) await output.write(chunk)
    return
  }
  const path = await targetOf(world, name, flags)
  const download = await client.download(id, name)
  await save(download, path, `${path}.${tokenOf(hub.line.system)}.part`)
  const { size, sha256, contentType } = download
  await (output.isJson
    ? output.printJson({ path, name, size, sha256, contentType })
    : output.print(`${path}  ${sizeText(size)}  ${contentType}`))
}

async function targetOf({ cwd }: CliWorld, name: string, { out, force }: DownloadFlags): Promise<string> {
  // The hub takes no such names; whatever answers, nothing is written outside of the folder that was meant.
  if (out === undefined && /^\.|[/\\\p{Cc}]/u.test(name))
    throw wrongCall(`'${name}' is no plain file name: give --out.`)
  const given = resolve(cwd, out ?? name)
  const standing = await stat(given).catch(() => undefined)
  const path = standing?.isDirectory() === true ? join(given, name) : given
  if (force === true) return path
  const taken = path === given ? standing : await stat(path).catch(() => undefined)
  if (taken !== undefined) throw wrongCall(`${path} is there already: give --force to write over it.`)
  return path
}

async function save({ stream }: Download, path: string, part: string): Promise<void> {
  try {
    await pipeline(stream, createWriteStream(part, { flags: 'wx' }))
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    if (!(error instanceof Error && 'syscall' in error && 'path' in error)) throw error
    throw wrongCall(`${path} cannot be written: ${error.message}`)
  }
}

function filesOf({ files = [], result }: Task): readonly (TaskFile & { readonly of: string })[] {
  return [
    ...files.map((file) => ({ ...file, of: 'arguments' })),
    ...(result?.files ?? []).map((file) => ({ ...file, of: 'result' })),
  ]
}

import { access, constants, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sizeText } from '../show-task.ts'
import { type Check, fail, ok, reasonOf, warn } from './check.ts'

/** What this machine has to have: a Node that is new enough, and room to write. */

/** `engines` of package.json; a test holds the two together. */
export const nodeLeast = [20, 19] as const

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor, leastMinor] = nodeLeast
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return ok('node', version)
  return fail('node', `${version} is too old`, `install Node ${leastMajor}.${leastMinor} or newer`)
}

/** A hub makes the folder at its first start, so one that is not there need only be possible. */
export async function checkFolder(folder: string, token: string): Promise<Check> {
  const name = 'data folder'
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined) {
    const parent = await nearest(folder)
    const isWritable = await access(parent, constants.W_OK).then(
      () => true,
      () => false,
    )
    return isWritable
      ? ok(name, `${folder} is not there yet; the first start makes it`)
      : fail(name, `${folder} cannot be made: ${parent} may not be written`, 'set TASKURAI_DATA to another folder')
  }
  if (!found.isDirectory()) return fail(name, `${folder} is no folder`, 'set TASKURAI_DATA to a folder')
  const path = join(folder, `.doctor-${token}`)
  try {
    await (await open(path, 'wx', 0o600)).close()
    return ok(name, `${folder} can be written`)
  } catch (error) {
    return fail(name, `${folder} cannot be written: ${reasonOf(error)}`, 'give it to the user that runs the hub')
  } finally {
    await rm(path, { force: true }).catch(() => undefined)
  }
}

const spaceFail = 100_000_000
const spaceWarn = 1_000_000_000

export async function checkSpace(folder: string, read: typeof statfs = statfs): Promise<Check> {
  const name = 'disk'
  const { bavail, bsize } = await read(await nearest(folder))
  const free = bavail * bsize
  const says = `${sizeText(free)} free`
  if (free < spaceFail) return fail(name, says, 'make room: a hub whose disk is full stops')
  return free < spaceWarn ? warn(name, says, 'make room before the disk is full: a hub stops then') : ok(name, says)
}

const parentsMost = 64

/** The folder itself, or the first one above it that there is. */
async function nearest(folder: string): Promise<string> {
  let path = folder
  for (let parents = 0; parents < parentsMost; parents++) {
    if ((await stat(path).catch(() => undefined)) !== undefined) return path
    path = dirname(path)
  }
  return path
}

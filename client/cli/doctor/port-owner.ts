import { readdir, readFile, readlink } from 'node:fs/promises'

/** Which process listens at a port, as far as Linux tells: of other users' processes it does not. */
export interface PortOwner {
  readonly pid: number
  readonly command: string
}

const processesMost = 10_000
const filesMost = 4_096
const listening = '0A'
const commandChars = 80

export async function ownerOfPort(port: number): Promise<PortOwner | undefined> {
  const sockets = await listenersAt(port)
  if (sockets.size === 0) return undefined
  const pids = (await namesIn('/proc')).filter((name) => /^\d+$/.test(name)).slice(0, processesMost)
  for (const pid of pids) {
    for (const file of (await namesIn(`/proc/${pid}/fd`)).slice(0, filesMost)) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '')
      if (sockets.has(target)) return { pid: Number(pid), command: await commandOf(pid) }
    }
  }
  return undefined
}

async function listenersAt(port: number): Promise<ReadonlySet<string>> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(textOf))
  const lines = tables.flatMap((text) => text.split('\n').slice(1))
  const inodes = lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    return state === listening && local.endsWith(`:${hex}`) ? [`socket:[${inode}]`] : []
  })
  return new Set(inodes)
}

async function commandOf(pid: string): Promise<string> {
  const text = (await textOf(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim()
  return text.length > commandChars ? `${text.slice(0, commandChars)}…` : text
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => [])
}

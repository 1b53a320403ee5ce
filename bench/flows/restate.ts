import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '../free-port.ts'
import { endProcess, makeFolder, ownProcess, removeFolder } from '../processes.ts'
import { START_TIMEOUT_MS, within } from '../subject.ts'
import { type Figures, measure } from './figures.ts'

const home = fileURLToPath(new URL('../restate/', import.meta.url))
const server = join(home, 'node_modules/.bin/restate-server')
const lookEveryMs = 50

/** How to get Restate, or undefined where it is there. */
export function missingRestate(): string | undefined {
  return existsSync(server) ? undefined : 'no Restate: `npm ci --prefix bench/restate`'
}

/** One Restate server with its defaults (it syncs its log to disk), and a service in a process of its own. */
export async function measureRestate(folder: string): Promise<Figures> {
  const own = await makeFolder(folder, 'restate')
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()]
  const hub = spawn(server, ['--no-logo', '--base-dir', own], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: {
      ...process.env,
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
    },
  })
  ownProcess(hub)
  const service = spawn(node22(), [join(home, 'service.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  ownProcess(service)
  const call = async <Output>(handler: string, count: number): Promise<Output> => {
    const url = `http://127.0.0.1:${ingress}/flows/${handler}`
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ count }) })
    if (!answer.ok) throw new Error(`${handler}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Output
  }
  try {
    const port = await within(START_TIMEOUT_MS, 'starting a Restate service', firstLine(service))
    await within(START_TIMEOUT_MS, 'starting Restate', register(admin, Number(port)))
    return await measure({
      steps: async (count) => {
        const from = performance.now()
        await call('steps', count)
        return performance.now() - from
      },
      fan: async (count) => (await call<{ resumeMs: number }>('fan', count)).resumeMs,
    })
  } finally {
    await Promise.all([endProcess(service, 'SIGTERM'), endProcess(hub, 'SIGTERM')])
    removeFolder(own)
  }
}

/** The SDK needs Node 22; where this Node is older, one from npm stands in. */
function node22(): string {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath
  const { platform, arch } = process
  return join(home, 'node_modules', `node-${platform}-${arch}`, 'bin/node')
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the service has no output')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('the service ended before it listened')
}

async function register(admin: number, port: number): Promise<void> {
  const body = JSON.stringify({ uri: `http://127.0.0.1:${port}` })
  for (;;) {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, { method: 'POST', headers, body }).catch(
      () => undefined,
    )
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

import { createServer } from 'node:net'
import { type Check, fail, ok } from './check.ts'
import { ownerOfPort } from './port-owner.ts'

/** Whether a hub could listen there, or who does. `isHub`: a hub answers at this very address. */
export async function checkPort({ port, isHub }: { readonly port: number; readonly isHub: boolean }): Promise<Check> {
  const name = 'port'
  const trouble = await tryListen(port)
  if (trouble === undefined) {
    return isHub ? ok(name, `${port} answers`) : ok(name, `${port} is free`)
  }
  if (trouble !== 'EADDRINUSE') {
    return fail(name, `${port} may not be opened (${trouble})`, 'set TASKURAI_PORT to one above 1023')
  }
  const owner = await ownerOfPort(port)
  const by = owner === undefined ? '' : ` by ${owner.command} (pid ${owner.pid})`
  if (isHub)
    return ok(name, `${port} is held by the hub that answers${owner === undefined ? '' : ` (pid ${owner.pid})`}`)
  const look = owner === undefined ? `; see who has it with: lsof -i :${port}` : ''
  return fail(name, `${port} is taken${by}`, `stop that, or set TASKURAI_PORT to another port${look}`)
}

/** Undefined: it could be had. */
async function tryListen(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)))
  })
}

import type { AddressInfo } from 'node:net'
import { createServer, type Socket, connect as tcpConnect } from 'node:net'

/** A way to a server on which connections can be cut, as a network does it. */
export interface CuttingProxy extends AsyncDisposable {
  readonly endpoint: string
  readonly cut: () => void
  /** Lets nobody through until told otherwise. */
  readonly block: (isBlocked: boolean) => void
  /** How many connections it has cut or turned away. */
  readonly lost: () => number
}

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target)
  const pairs = new Set<readonly [Socket, Socket]>()
  let isBlocked = false
  let lost = 0
  const server = createServer((near) => {
    if (isBlocked) {
      lost++
      near.destroy()
      return
    }
    const far = tcpConnect(Number(port), hostname)
    const pair = [near, far] as const
    pairs.add(pair)
    for (const [socket, other] of [pair, [far, near] as const]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        other.destroy()
        pairs.delete(pair)
      })
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    lost += pairs.size
    for (const [near] of pairs) near.resetAndDestroy()
  }
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    block: (next) => {
      isBlocked = next
    },
    lost: () => lost,
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/**
 * A worker that a developer registers under a key of his own is one of its own: registry, fleet, queue and tasks know it
 * as `orders~ann`, beside the shared `orders`.
 */
export interface WorkerParts {
  readonly name: string
  readonly isolationKey?: string | undefined
}

const sign = '~'

export function workerId({ name, isolationKey }: WorkerParts): string {
  return isolationKey === undefined ? name : `${name}${sign}${isolationKey}`
}

export function workerParts(worker: string): WorkerParts {
  const at = worker.indexOf(sign)
  return at < 0 ? { name: worker } : { name: worker.slice(0, at), isolationKey: worker.slice(at + 1) }
}

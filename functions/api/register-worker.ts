import type { Fleet } from '#core/workers/fleet'
import { type PutWorkerAsk, putWorker } from '#core/workers/put-worker'
import { checkManifest } from './check-manifest.ts'
import type { Door } from './check-tasks.ts'

/** Registers a worker or changes it, once its manifest has been checked. */
export type RegisterWorker = (ask: PutWorkerAsk) => Promise<Fleet>

/**
 * The only way in for a manifest: by PUT, from inside an instance over HTTP or its stream, and from the command line. A
 * schema that the door could not bound never gets into the registry, and the next task sees what was registered.
 */
export function createRegisterWorker({ world, catalog }: Door): RegisterWorker {
  return async (ask) => {
    checkManifest(ask.manifest, '/manifest')
    try {
      return await putWorker(world, ask)
    } finally {
      // Also when it failed: some of its commands may have been written.
      catalog.forget()
    }
  }
}

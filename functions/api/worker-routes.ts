import { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import { type Manifest, ManifestCommand } from '#core/contract/manifest'
import { WorkerId } from '#core/contract/names'
import { workerParts } from '#core/contract/worker-id'
import { PauseRequest, PutWorker, WorkerView } from '#core/contract/workers'
import { pauseWorker, readCommands, readWorkerNames, resumeWorker } from '#core/workers/put-worker'
import { viewWorker } from '#core/workers/view'
import type { World } from '#core/world'
import { json } from './answers.ts'
import type { Door } from './check-tasks.ts'
import { parseWith, refusal } from './field-issues.ts'
import { createRegisterWorker } from './register-worker.ts'
import { defineRoute, type Route } from './route.ts'

/** Workers and their commands: what there is, how it does, and how one is registered, paused and resumed. */

const RegisteredCommand = z.object({ ...ManifestCommand.shape, worker: WorkerId })
const viewed = { status: 200, schema: WorkerView } as const

export function workerRoutes(door: Door): readonly Route[] {
  const { world } = door
  const registerWorker = createRegisterWorker(door)
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/workers',
      name: 'listWorkers',
      summary: 'All workers with their instances and backlog',
      answer: { status: 200, schema: z.object({ workers: z.array(WorkerView) }) },
      handle: async () => {
        const names = await readWorkerNames(world)
        const workers = await Promise.all(names.map((name) => viewWorker(world, name)))
        return json(200, { workers: workers.filter((worker) => worker !== undefined) })
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/workers/{name}',
      name: 'getWorker',
      summary: 'One worker',
      answer: viewed,
      handle: async ({ params }) => json(200, await view(world, nameOf(params))),
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/workers/{name}',
      name: 'putWorker',
      summary: 'Register a worker by its manifest, or change it',
      body: PutWorker,
      answer: viewed,
      handle: async ({ principal, params, body }) => {
        const name = nameOf(params)
        refuseOtherName(body.manifest, name)
        await registerWorker({ manifest: body.manifest, launch: body.launch, by: principal })
        return json(200, await view(world, name))
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/workers/{name}/pause',
      name: 'pauseWorker',
      summary: 'Take no new tasks; what runs goes on',
      body: PauseRequest,
      isBodyOptional: true,
      answer: viewed,
      handle: async ({ principal, params, body }) => {
        const worker = nameOf(params)
        await pauseWorker(world, { worker, by: principal, reason: body.reason })
        return json(200, await view(world, worker))
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/workers/{name}/resume',
      name: 'resumeWorker',
      summary: 'Take tasks again',
      body: z.strictObject({}),
      isBodyOptional: true,
      answer: viewed,
      handle: async ({ params }) => {
        const worker = nameOf(params)
        await resumeWorker(world, worker)
        return json(200, await view(world, worker))
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/commands',
      name: 'listCommands',
      summary: 'All commands that workers have registered, with their schemas',
      answer: { status: 200, schema: z.object({ commands: z.array(RegisteredCommand) }) },
      handle: async () => json(200, { commands: await readCommands(world) }),
    }),
  ]
}

function refuseOtherName(manifest: Manifest, worker: string): void {
  const named = workerParts(worker)
  for (const field of ['name', 'isolationKey'] as const) {
    if (manifest[field] === named[field]) continue
    const message = named[field] === undefined ? 'is not in the path' : `is not ${named[field]}, which the path names`
    throw refusal('invalid', [{ field: `/manifest/${field}`, message }])
  }
}

async function view(world: World, name: string): Promise<WorkerView> {
  const found = await viewWorker(world, name)
  if (found !== undefined) return found
  const names = await readWorkerNames(world)
  const there = names.length === 0 ? 'none are registered' : `registered: ${names.slice(0, 20).join(', ')}`
  throw new ApiError('not-found', `there is no worker ${name}; ${there}`)
}

function nameOf(params: Readonly<Record<string, string>>): string {
  return parseWith(WorkerId, params.name, 'not-found')
}

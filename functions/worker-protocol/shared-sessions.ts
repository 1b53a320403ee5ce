import type { z } from 'zod'
import type { Grant, Received } from '#core/contract/worker-protocol'
import { readReplay } from '#core/flow/replay'
import { instanceKey, toldKey } from '#core/keys'
import { argumentsOf } from '#core/layout'
import { readHead } from '#core/tasks/move'
import type { Instance } from '#core/workers/fleet'
import type { World } from '#core/world'
import { grantFor } from './receive.ts'
import { Session } from './session.ts'

/**
 * Where several processes serve the protocol, none of which meets all calls of an instance: what a session needs is
 * taken from the instance's item, and what a receive granted is written down for its repeat.
 */

/** Another process registered it. Which runs it holds is not known here; heads know. */
export async function restoreSession(
  world: World,
  of: { readonly worker: string; readonly instance: string },
): Promise<Session | undefined> {
  const item = await world.store.get(instanceKey(of.worker, of.instance))
  if (item === undefined) return undefined
  const { id, launch, pid, ...rest } = item.data as Instance
  const session = new Session({ ...rest, instance: id, launch, pid, isShared: true })
  session.freeSlots = rest.freeSlots
  return session
}

interface Told {
  readonly grants: readonly { readonly taskId: string; readonly run: string; readonly ticket: string }[]
}

/** A call is not repeated after that. */
const toldForMs = 600_000

/** Before the answer leaves: if that is lost, whoever meets the repeat finds it (protocol 4). */
export async function keepGrants(
  world: World,
  { worker, instance }: Session,
  nonce: string,
  { grants }: z.infer<typeof Received>,
): Promise<void> {
  if (grants.length === 0) return
  const data: Told = { grants: grants.map(({ task, run, ticket }) => ({ taskId: task.id, run, ticket })) }
  const expiresAt = world.clock.now() + toldForMs
  const item = { ...toldKey(worker, instance, nonce), born: world.ids.token(), n: 1, expiresAt, data }
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
}

/** What this receive granted when it came before, as far as it still stands; undefined if it comes for the first time. */
export async function grantedBefore(
  world: World,
  session: Session,
  nonce: string,
): Promise<z.infer<typeof Received> | undefined> {
  const item = await world.store.get(toldKey(session.worker, session.instance, nonce))
  if (item === undefined) return undefined
  const told = (item.data as Told).grants
  const grants = await Promise.all(
    told.map(async ({ taskId, run, ticket }): Promise<Grant[]> => {
      const head = await readHead(world, taskId)
      if (head?.run?.id !== run) return []
      const [args, replay] = await Promise.all([argumentsOf(world.store, head), readReplay(world, head)])
      return [grantFor(session, { head, ticket, arguments: args, replay })]
    }),
  )
  return { grants: grants.flat() }
}

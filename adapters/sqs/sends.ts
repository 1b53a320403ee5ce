import type { Bell, Clock } from '#core/ports'
import { bellText, messageGroup } from './bell-text.ts'
import { entryFailed, reaching } from './failures.ts'
import { Gathering, perWorker } from './gathering.ts'
import { type Outgoing, type QueueAt, sendMessages } from './requests.ts'
import { delaySeconds } from './seconds.ts'

export interface SendsOptions {
  readonly at: (worker: string) => QueueAt
  readonly clock: Clock
}

export interface Sends {
  readonly sendBells: (bells: readonly Bell[]) => Promise<void>
  readonly drain: () => Promise<void>
}

export function createSends({ at, clock }: SendsOptions): Sends {
  const sends = perWorker(
    (worker) =>
      new Gathering<Outgoing>({ clock, lingerMs: 0, bytesOf, send: (entries) => sendMessages(at(worker), entries) }),
  )

  async function sendBell(bell: Bell): Promise<void> {
    const outgoing: Outgoing = {
      text: bellText(bell),
      delaySeconds: delaySeconds(bell.delayMs),
      group: bell.group === undefined ? undefined : messageGroup(bell.group),
    }
    const failure = await reaching(bell.worker, 'send', () => sends.of(bell.worker).add(outgoing))
    if (failure !== undefined) throw entryFailed(bell.worker, 'send', failure)
  }

  return {
    sendBells: async (bells) => {
      await Promise.all(bells.map(sendBell))
    },
    drain: async () => {
      await Promise.all(sends.all().map((gathering) => gathering.drain()))
    },
  }
}

const encoder = new TextEncoder()

function bytesOf({ text }: Outgoing): number {
  return encoder.encode(text).length
}

import type { Log } from '#core/ports'
import type { AgentSettings, FromAgent } from '../link.ts'
import { type Opened, openStream } from './open-stream.ts'

/** The way to the hub, whichever kind of hub it is. */
export interface HubDoor {
  readonly open: () => Promise<Opened>
  /** Finishes what is still on its way there. */
  readonly close: () => Promise<void>
}

/** What an instance in an account needs is loaded only there: the SDK of AWS is no small thing. */
export function createHubDoor({ hub, worker }: AgentSettings, post: (message: FromAgent) => void): HubDoor {
  if (hub.kind === 'server') return { open: () => openStream(hub), close: async () => undefined }
  let opening: Promise<HubDoor> | undefined
  const own = () => {
    opening ??= import('../aws/open-own-hub.ts').then(({ openOwnHub }) => openOwnHub(hub.env, worker, logTo(post)))
    return opening
  }
  return {
    open: async () => (await own()).open(),
    close: async () => (await opening)?.close(),
  }
}

function logTo(post: (message: FromAgent) => void): Log {
  const at =
    (level: 'info' | 'warn' | 'error'): Log['info'] =>
    (event, fields = {}) =>
      post({ kind: 'log', level, event, fields: plain(fields) })
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

/** An error would cross to the other thread as an object without its name and cause. */
function plain(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? String(value) : value]),
  )
}

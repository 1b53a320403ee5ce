import type { RefusedCode } from '../core/contract/live.ts'

export type Read<Seen> =
  | {
      readonly type: 'task'
      readonly task: Seen & { readonly id: string }
      readonly version: string
      readonly omitted?: readonly string[]
    }
  | { readonly type: 'end' }
  | { readonly type: 'pong' }
  | { readonly type: 'refused'; readonly code: RefusedCode; readonly detail: string }

/** The hub is trusted for what its messages hold; what this version does not know is passed over. */
export function readMessage<Seen>(data: unknown): Read<Seen> | undefined {
  try {
    const message = JSON.parse(String(data))
    const isTask = typeof message.task?.id === 'string' && typeof message.version === 'string'
    if (message.type === 'task' ? isTask : /^(?:end|pong|refused)$/.test(message.type)) return message
  } catch {
    // Not JSON, or JSON's null: passed over too.
  }
  return undefined
}

import type { Change } from '#core/ports'
import { toItem } from './attributes.ts'
import type { Attributes } from './head-attributes.ts'

/** A record of the table's stream: the same from an event source mapping and from the streams API. */
export interface StreamRecord {
  readonly dynamodb?:
    | {
        readonly Keys?: unknown
        readonly NewImage?: unknown
        readonly OldImage?: unknown
      }
    | undefined
}

export type ReadChange =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'unreadable'; readonly message: string }

/** Nobody but the hub writes to its table, yet people can: one record that makes no sense must not stop the others. */
export function changeOf(record: StreamRecord): ReadChange {
  const { Keys: keys, NewImage: after, OldImage: before } = record.dynamodb ?? {}
  try {
    const { pk, sk } = (keys ?? {}) as Attributes
    if (pk?.S === undefined || sk?.S === undefined) return { kind: 'unreadable', message: 'it has no keys' }
    const images = {
      ...(before === undefined ? {} : { before: toItem(before as Attributes) }),
      ...(after === undefined ? {} : { after: toItem(after as Attributes) }),
    }
    return { kind: 'change', change: { pk: pk.S, sk: sk.S, ...images } }
  } catch (error) {
    return { kind: 'unreadable', message: error instanceof Error ? error.message : String(error) }
  }
}

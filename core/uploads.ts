import type { Payload } from './contract/files.ts'

/** Where the bytes of a payload are to be sent: the hub itself, or a bucket, at an address that is its own permission. */
export interface Uploads {
  /** The address until that time, epoch ms, and the headers that must go with the bytes. */
  readonly ticketFor: (payload: Payload, expiresAt: number) => Promise<UploadTicket>
  /** Whether the hub may take bytes sent with this token. Absent where it never gets to see them. */
  readonly check?: (id: string, token: string, now: number) => 'right' | 'wrong' | 'over'
}

export interface UploadTicket {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

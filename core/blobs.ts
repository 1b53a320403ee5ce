/**
 * Where bytes lie: payloads that were uploaded, under ids that nobody can guess. Folders on one machine, a bucket on
 * AWS. One conformance suite holds all to the same behaviour.
 */

export interface BlobSpec {
  readonly size: number
  /** Hexadecimal, lower case. */
  readonly sha256: string
}

export interface ByteRange {
  readonly from: number
  /** Included. */
  readonly to: number
}

export interface Blobs {
  /**
   * Takes the bytes while they come, and keeps them if they are those that were declared, else nothing at all. What is
   * stored is on disk. Storing the same bytes again is fine. Throws only if the place itself is broken.
   */
  readonly put: (id: string, spec: BlobSpec, bytes: AsyncIterable<Uint8Array>) => Promise<PutOutcome>
  /** Whether all of it is stored. */
  readonly has: (id: string) => Promise<boolean>
  /** The bytes, to be read to the end or given back with `return()`; undefined if it is not stored. */
  readonly get: (id: string, range?: ByteRange) => Promise<AsyncIterable<Uint8Array> | undefined>
  /** Removing what is not there is fine. */
  readonly remove: (id: string) => Promise<void>
}

export type PutOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly reason: PutRefusal; readonly message: string }

/** `cut-off`: the sender stopped in the middle. `no-room`: the disk is full, or would be nearly so. */
export type PutRefusal = 'cut-off' | 'too-long' | 'too-short' | 'other-sha256' | 'no-room'

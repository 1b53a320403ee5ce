/** Where bytes are to be fetched, if not from the hub itself: a bucket, at an address that is its own permission. */
export interface Downloads {
  readonly addressOf: (download: AskedDownload) => Promise<string>
}

export interface AskedDownload {
  readonly payload: string
  readonly contentType: string
  /** What `content-disposition` the answer is to have. */
  readonly disposition: string
  /** Epoch ms; a download that has begun by then goes on. */
  readonly expiresAt: number
}

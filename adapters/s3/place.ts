import type { S3Client } from '@aws-sdk/client-s3'

/** The bucket of a hub, and with what it is reached. */
export interface BucketPlace {
  readonly client: S3Client
  readonly bucket: string
}

/** Ids are ours, and yet they become parts of addresses. A check run puts something under a name of its own. */
const idShape = /^[0-9A-Za-z-]{1,64}$/

/** Where a payload lies. */
export function objectOf({ bucket }: BucketPlace, id: string) {
  if (!idShape.test(id)) throw new Error(`payload ${id}: not an id`)
  return { Bucket: bucket, Key: `payloads/${id}` } as const
}

/** S3 takes and tells checksums in base64. */
export function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

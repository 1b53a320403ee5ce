import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { limits } from '#core/contract/limits'
import type { Downloads } from '#core/downloads'
import { type BucketPlace, objectOf } from './place.ts'
import { validUntil } from './presigned.ts'

/** Addresses in the bucket that give the bytes of one file, in whole or in ranges, to whoever has them. */
export function createS3Downloads(place: BucketPlace): Downloads {
  return {
    addressOf: ({ payload, contentType, disposition, expiresAt }) =>
      getSignedUrl(
        place.client,
        new GetObjectCommand({
          ...objectOf(place, payload),
          ResponseContentType: contentType,
          ResponseContentDisposition: disposition,
          ResponseCacheControl: 'no-store',
        }),
        validUntil(expiresAt, limits.downloadSeconds),
      ),
  }
}

import { PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { limits } from '#core/contract/limits'
import type { Uploads } from '#core/uploads'
import { type BucketPlace, base64Of, objectOf } from './place.ts'
import { validUntil } from './presigned.ts'

const checksumHeader = 'x-amz-checksum-sha256'

/**
 * Addresses in the bucket that take exactly the declared bytes: their length, checksum and type are headers of the
 * signature, so S3 refuses any others, and those whose bytes then have another checksum.
 */
export function createS3Uploads(place: BucketPlace): Uploads {
  return {
    ticketFor: async ({ id, size, sha256, contentType }, expiresAt) => {
      const checksum = base64Of(sha256)
      const command = new PutObjectCommand({
        ...objectOf(place, id),
        ContentLength: size,
        ContentType: contentType,
        ChecksumSHA256: checksum,
      })
      const url = await getSignedUrl(place.client, command, {
        ...validUntil(expiresAt, limits.uploadSeconds),
        // By itself the SDK would leave the type out, and put the checksum into the query, where S3 does not look for it.
        signableHeaders: new Set(['host', 'content-length', 'content-type', checksumHeader]),
        unhoistableHeaders: new Set([checksumHeader]),
      })
      return { url, headers: { 'content-type': contentType, [checksumHeader]: checksum } }
    },
  }
}

import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { clientSettings } from '../aws/http.ts'

/** Until an answer begins; the bytes behind it may take as long as they keep moving. */
const requestMs = 5_000

/** Region, keys and endpoint come from the environment, as AWS's own tools take them (`AWS_ENDPOINT_URL_S3` too). */
export function createS3Client(overrides: S3ClientConfig = {}): S3Client {
  return new S3Client({
    ...clientSettings({ requestMs }),
    // What stands in for AWS at an address of its own has no host name for each bucket.
    forcePathStyle: overrides.endpoint !== undefined || process.env.AWS_ENDPOINT_URL_S3 !== undefined,
    // Every object here comes with its sha256. Another checksum would become part of presigned addresses, whose users
    // do not know it.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It would warn on the console of each upload that broke off, which its caller is told anyway.
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    ...overrides,
  })
}

function silent(): void {}

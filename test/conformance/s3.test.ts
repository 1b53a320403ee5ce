import { afterAll, describe } from 'vitest'
import { openS3Blobs } from '#adapters/s3/blobs'
import { startS3 } from '../support/engines/fauxqs-s3.ts'
import { blobsSuite } from './blobs-suite.ts'

const s3 = await startS3()
afterAll(s3.stop)

describe.each([
  ['held and sent again', {}],
  ['passing through', { heldBytes: 0 }],
])('%s', (_, options) => {
  blobsSuite('s3', async () => {
    const bucket = await s3.makeBucket()
    return {
      blobs: openS3Blobs({ client: s3.client, bucket, ...options }),
      leftovers: async () => (await s3.keysOf(bucket)).filter((key) => !/^payloads\/[0-9A-Z]{26}$/.test(key)).length,
      close: async () => undefined,
    }
  })
})

import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { Blobs } from '#core/blobs'
import { checkedBytes, Refused } from './checked-bytes.ts'
import { isAbsent, isBeyondEnd, noBucket, reaching } from './failures.ts'
import { type BucketPlace, base64Of, objectOf } from './place.ts'
import { putStream } from './put-stream.ts'
import { readOut } from './read-out.ts'

/** So many bytes are held in memory, and sent again where the bucket was away; more pass through, once. */
const heldBytesDefault = 1_048_576

export interface S3BlobsOptions extends BucketPlace {
  readonly heldBytes?: number
}

/** Bytes as objects of a bucket, each put in one request: all of it is there, or nothing. */
export function openS3Blobs({ heldBytes = heldBytesDefault, ...place }: S3BlobsOptions): Blobs {
  const { client, bucket } = place

  const put: Blobs['put'] = async (id, spec, bytes) => {
    const request = { ...objectOf(place, id), ContentLength: spec.size, ChecksumSHA256: base64Of(spec.sha256) }
    const checked = checkedBytes(spec, bytes)
    try {
      if (spec.size > heldBytes) await putStream(place, request, checked)
      else {
        const Body = await buffer(checked)
        await reaching(bucket, 'put', () => client.send(new PutObjectCommand({ ...request, Body })))
      }
      return { kind: 'stored' }
    } catch (error) {
      if (error instanceof Refused) return error.outcome
      throw error
    }
  }

  const has: Blobs['has'] = (id) =>
    reaching(bucket, 'has', async () => {
      try {
        await client.send(new HeadObjectCommand(objectOf(place, id)))
        return true
      } catch (error) {
        if (!isAbsent(error)) throw error
      }
      await refuseNoBucket(place)
      return false
    })

  const get: Blobs['get'] = (id, range) =>
    reaching(bucket, 'get', async () => {
      const Range = range === undefined ? undefined : `bytes=${range.from}-${range.to}`
      try {
        const { Body } = await client.send(new GetObjectCommand({ ...objectOf(place, id), Range }))
        return readOut(Body as Readable, bucket)
      } catch (error) {
        if (isAbsent(error)) return undefined
        if (isBeyondEnd(error)) return noBytes()
        throw error
      }
    })

  const remove: Blobs['remove'] = (id) =>
    reaching(bucket, 'remove', async () => void (await client.send(new DeleteObjectCommand(objectOf(place, id)))))

  return { put, has, get, remove }
}

/** An answer without a body does not tell a bucket that is not there from an object that is not. */
async function refuseNoBucket({ client, bucket }: BucketPlace): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }))
  } catch (error) {
    throw isAbsent(error) ? noBucket(bucket, error) : error
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array, void, undefined> {}

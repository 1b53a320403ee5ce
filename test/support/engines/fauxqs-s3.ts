import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { buildApp } from 'fauxqs'
import { createS3Client } from '#adapters/s3/client'

export interface S3Engine {
  readonly settings: S3ClientConfig
  readonly client: S3Client
  readonly makeBucket: () => Promise<string>
  readonly keysOf: (bucket: string) => Promise<readonly string[]>
  readonly stop: () => Promise<void>
}

/** S3 on loopback, in this process; or the one that `AWS_ENDPOINT_URL_S3` names, where the buckets are removed at the end. */
export async function startS3(): Promise<S3Engine> {
  const named = process.env.AWS_ENDPOINT_URL_S3
  const app = named === undefined ? buildApp({ logger: false, host: '127.0.0.1' }) : undefined
  const endpoint = named ?? (await app?.listen({ host: '127.0.0.1', port: 0 })) ?? ''
  const credentials = { accessKeyId: 'loopback', secretAccessKey: 'loopback' }
  const settings: S3ClientConfig = {
    endpoint,
    region: process.env.AWS_REGION ?? 'us-east-1',
    // The emulator asks for no keys, but the client does.
    ...(process.env.AWS_ACCESS_KEY_ID === undefined ? { credentials } : {}),
  }
  const client = createS3Client(settings)
  const made: string[] = []

  const keysOf = async (bucket: string) => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
    return Contents.map(({ Key = '' }) => Key)
  }

  const empty = async (bucket: string) => {
    for (const Key of await keysOf(bucket)) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
    await client.send(new DeleteBucketCommand({ Bucket: bucket }))
  }

  return {
    settings,
    client,
    makeBucket: async () => {
      const bucket = `taskurai-t${randomBytes(6).toString('hex')}`
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
      made.push(bucket)
      return bucket
    },
    keysOf,
    stop: async () => {
      if (app === undefined) for (const bucket of made) await empty(bucket).catch(() => undefined)
      client.destroy()
      await app?.close()
    },
  }
}

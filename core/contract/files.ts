import { z } from 'zod'
import { limits } from './limits.ts'
import { TaskId } from './names.ts'

/**
 * Files of tasks on the wire. Bytes are uploaded first, as a payload; a task then names the payload. So a file is
 * never part of a JSON body, and an upload that breaks off leaves nothing but a payload that nobody names.
 */

/** Control and format characters (which turn the direction of a text, or hide), halves of pairs, line breaks. */
const unseen = /[\p{C}\p{Zl}\p{Zp}]/u
const pathParts = /[/\\]/

/** One plain name, which is the same on every file system and cannot leave the folder it is put into. */
export const FileName = z
  .string()
  .min(1)
  .max(limits.fileNameChars)
  .refine((name) => !pathParts.test(name), 'a file name has no / and no \\')
  // API Gateway decodes the path and cuts it off there, so such a file could never be asked for by its name.
  .refine((name) => !name.includes('?'), 'a file name has no ?')
  .refine((name) => !unseen.test(name), 'a file name has no control or invisible characters')
  .refine((name) => !name.startsWith('.'), 'a file name does not start with a dot')
  .refine(
    (name) => name.trim() === name && !name.endsWith('.'),
    'a file name does not begin or end with a space, or end with a dot',
  )
  .refine(
    (name) => utf8Bytes(name) <= limits.fileNameBytes,
    `a file name has at most ${limits.fileNameBytes} bytes of UTF-8`,
  )

export const PayloadId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'a payload id has 26 characters of the ULID alphabet')

/** Hexadecimal, lower case. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 has 64 hexadecimal digits in lower case')

export const ContentType = z
  .string()
  .max(limits.contentTypeChars)
  .regex(
    /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: ?; ?[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[ !#-[\]-~]*"))*$/u,
    'is no content type',
  )

export const defaultContentType = 'application/octet-stream'

/** `taskId` is given by a run that uploads a file of its result: then only that task can take it. */
export const NewPayload = z.strictObject({
  size: z.int().min(0).max(limits.payloadBytes),
  sha256: Sha256,
  contentType: ContentType.default(defaultContentType),
  taskId: TaskId.optional(),
})
export type NewPayload = z.infer<typeof NewPayload>

export const Payload = z.object({ id: PayloadId, size: z.int(), sha256: Sha256, contentType: ContentType })
export type Payload = z.infer<typeof Payload>

/**
 * How the bytes are sent: one request with exactly these headers and no signature, since the URL itself is the
 * permission. `url` may be relative to the hub's endpoint.
 */
export const Upload = z.object({
  method: z.literal('PUT'),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  expiresAt: z.iso.datetime(),
})
export type Upload = z.infer<typeof Upload>

export const CreatedPayload = z.object({ payload: Payload, upload: Upload })
export type CreatedPayload = z.infer<typeof CreatedPayload>

/** A file as a new task names it. */
export const NewFile = z.strictObject({ name: FileName, payload: PayloadId })
export type NewFile = z.infer<typeof NewFile>

/** A file as a run's end names it. `public`: whoever may watch the task may have it. */
export const NewResultFile = z.strictObject({ name: FileName, payload: PayloadId, public: z.boolean().optional() })
export type NewResultFile = z.infer<typeof NewResultFile>

export const NewFiles = z.array(NewFile).max(limits.files).refine(hasDistinctNames, 'two files have the same name')
export const NewResultFiles = z
  .array(NewResultFile)
  .max(limits.files)
  .refine(hasDistinctNames, 'two files have the same name')

/** A file of a task, as every reader sees it. */
export const TaskFile = z.object({
  name: z.string(),
  size: z.int(),
  sha256: z.string(),
  contentType: z.string(),
  public: z.boolean().optional(),
})
export interface TaskFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
  readonly contentType: string
  readonly public?: boolean | undefined
}

function hasDistinctNames(files: readonly { readonly name: string }[]): boolean {
  return new Set(files.map(({ name }) => name)).size === files.length
}

function utf8Bytes(text: string): number {
  let bytes = 0
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { ulidOfText } from '#adapters/system/ids'
import { contentTypeOf } from '#client/content-types'
import type { Transfers } from '#client/transfers'
import { ContentType, defaultContentType, FileName, type Payload, type TaskFile } from '#core/contract/files'
import { limits } from '#core/contract/limits'
import type { Json } from '#core/contract/names'
import type { TaskResult } from '#core/contract/task'
import type { RunResult } from '#core/contract/worker-protocol'

/** An input file: a path, or bytes. */
export type TestSource = string | Uint8Array

/** A file of the result. */
export interface TestedFile extends TaskFile {
  readonly bytes: Uint8Array
}

/** What runs upload stays in memory, so that nothing is left on the disk when the test is over. */
const payloadBytesMost = 268_435_456

/** The files of a task under test, and what its runs upload: where an instance would ask its hub, it asks here. */
export class TestFiles implements Transfers {
  /** The input files, as the envelope lists them. */
  readonly listed: readonly TaskFile[]
  readonly #sources: Readonly<Record<string, TestSource>>
  readonly #payloads = new Map<string, { readonly payload: Payload; readonly bytes: Uint8Array }>()

  private constructor(sources: Readonly<Record<string, TestSource>>, listed: readonly TaskFile[]) {
    this.#sources = sources
    this.listed = listed
  }

  /** A sub task has none: in a test nobody can upload what it would name. */
  static get none(): TestFiles {
    return new TestFiles({}, [])
  }

  static async read(sources: Readonly<Record<string, TestSource>>): Promise<TestFiles> {
    const entries = Object.entries(sources)
    if (entries.length > limits.files) {
      throw new TypeError(`a task has at most ${limits.files} files (limit files), not ${entries.length}`)
    }
    const listed: TaskFile[] = []
    for (const [name, source] of entries) {
      const named = FileName.safeParse(name)
      if (!named.success) throw new TypeError(`file '${name}': ${named.error.issues[0]?.message ?? 'is no name'}`)
      listed.push({ name, ...(await measured(streamOf(source))), contentType: contentTypeOf(name) })
    }
    return new TestFiles({ ...sources }, listed)
  }

  readonly download: Transfers['download'] = async (_taskId, name) => {
    const file = this.listed.find((each) => each.name === name)
    const source = this.#sources[name]
    if (file === undefined || source === undefined) throw new Error(`the task has no file ${name}`)
    return { stream: streamOf(source), size: file.size, sha256: file.sha256, contentType: file.contentType }
  }

  readonly downloadJson: Transfers['downloadJson'] = async (_taskId, name) => {
    throw new Error(`nothing of a task under test lies apart, and ${name} neither`)
  }

  readonly upload: Transfers['upload'] = async (source, { contentType = defaultContentType, signal } = {}) => {
    const type = ContentType.safeParse(contentType)
    if (!type.success) throw new TypeError(`'${contentType}' ${type.error.issues[0]?.message ?? 'is no content type'}`)
    const bytes = await bytesOf(source)
    signal?.throwIfAborted()
    const id = ulidOfText(`payload ${this.#payloads.size}`)
    const payload = { id, ...(await measured([bytes])), contentType }
    this.#payloads.set(id, { payload, bytes })
    return payload
  }

  /** What the hub makes of a run's result: files in the place of payloads, an output that was kept apart read back. */
  resultOf(result: RunResult | undefined): {
    readonly result: TaskResult | undefined
    readonly files: readonly TestedFile[]
  } {
    if (result === undefined) return { result, files: [] }
    const { outputPayload, files: named = [], ...rest } = result
    const files = named.map(({ name, payload: id, public: isPublic }) => {
      const { payload, bytes } = this.#payload(id)
      const { id: _, ...about } = payload
      return { name, ...about, ...(isPublic === true ? ({ public: true } as const) : {}), bytes }
    })
    const output = outputPayload === undefined ? rest.output : this.jsonOf(outputPayload)
    const told = {
      ...rest,
      ...(output === undefined ? {} : { output }),
      ...(files.length === 0 ? {} : { files: files.map(({ bytes: _, ...file }) => file) }),
    }
    return { result: told, files }
  }

  /** An uploaded payload of JSON. */
  jsonOf(payload: string): Json {
    return JSON.parse(Buffer.from(this.#payload(payload).bytes).toString('utf8'))
  }

  #payload(id: string) {
    const found = this.#payloads.get(id)
    if (found === undefined) throw new Error(`no payload ${id} was uploaded`)
    return found
  }
}

function streamOf(source: TestSource): Readable {
  return typeof source === 'string' ? createReadStream(source) : Readable.from([source])
}

async function measured(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.byteLength
    hash.update(chunk)
  }
  return { size, sha256: hash.digest('hex') }
}

async function bytesOf(source: TestSource): Promise<Uint8Array> {
  if (typeof source !== 'string') return source.slice()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of createReadStream(source)) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > payloadBytesMost) throw new Error(`a test keeps at most ${payloadBytesMost} bytes of one file`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

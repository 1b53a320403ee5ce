import type { TaskFile } from '../contract/files.ts'
import { reservedFiles } from '../contract/reserved-files.ts'
import type { TaskResult } from '../contract/task.ts'

/** A file as a head keeps it: what everybody sees, and the payload that holds its bytes. */
export interface HeldFile extends TaskFile {
  readonly payload: string
}

interface WithFiles {
  readonly files?: readonly HeldFile[] | undefined
  readonly resultFiles?: readonly HeldFile[] | undefined
}

const reserved: ReadonlySet<string> = new Set(Object.values(reservedFiles))

/** The file of this name, the one of the result before an input: no task has both. */
export function fileOf({ files, resultFiles }: WithFiles, name: string): HeldFile | undefined {
  return resultFiles?.find((file) => file.name === name) ?? files?.find((file) => file.name === name)
}

export function payloadsOf({ files = [], resultFiles = [] }: WithFiles): readonly string[] {
  return [...new Set([...files, ...resultFiles].map(({ payload }) => payload))]
}

/** What the envelope says of files that came with the task. */
export function shownInputs(files: readonly HeldFile[]): { files?: readonly TaskFile[]; argumentsApart?: true } {
  const shown = shownFiles(files)
  return {
    ...(shown.length === 0 ? {} : { files: shown }),
    ...(files.some(({ name }) => name === reservedFiles.arguments) ? { argumentsApart: true } : {}),
  }
}

/** The result with the files that its run made. */
export function shownResult(result: TaskResult | undefined, files: readonly HeldFile[]): TaskResult {
  const shown = shownFiles(files)
  return {
    ...result,
    ...(shown.length === 0 ? {} : { files: shown }),
    ...(files.some(({ name }) => name === reservedFiles.output) ? { outputApart: true } : {}),
  }
}

function shownFiles(files: readonly HeldFile[]): readonly TaskFile[] {
  return files.filter(({ name }) => !reserved.has(name)).map(({ payload: _payload, ...file }) => file)
}

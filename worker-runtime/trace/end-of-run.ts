import { z } from 'zod'

/** What became of a run, read from the line that ends it: the very words that go to the hub. */
export interface RunEnd {
  readonly outcome: string
  readonly failure: { readonly code: string; readonly message: string } | undefined
}

const Failed = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export function failureIn(line: string): RunEnd {
  const kind = /^\{"kind":"([a-z]+)"/.exec(line)?.[1] ?? 'handed-back'
  if (kind !== 'fail') return { outcome: kind, failure: undefined }
  const { error } = Failed.parse(JSON.parse(line))
  return { outcome: kind, failure: error }
}

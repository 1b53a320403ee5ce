import { z } from 'zod'
import { Manifest } from '#core/contract/manifest'

/** What the child that reads a manifest says, checked: the module it imported may have written there too. */

const Answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), manifest: Manifest }),
  z.object({ ok: z.literal(false), message: z.string(), wantsLoader: z.boolean().default(false) }),
])

export type ManifestAnswer = z.infer<typeof Answer> | { readonly ok: undefined; readonly message: string }

/** `ok` is undefined where the answer itself is none. */
export function parseAnswer(module: string, text: string): ManifestAnswer {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { ok: undefined, message: `${module} wrote into the answer of its manifest` }
  }
  const answer = Answer.safeParse(parsed)
  if (answer.success) return answer.data
  return { ok: undefined, message: `The manifest of ${module} is not one: ${z.prettifyError(answer.error)}` }
}

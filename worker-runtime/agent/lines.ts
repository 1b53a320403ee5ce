/** Cuts a stream of text into lines. What a line costs does not depend on how many pieces it came in. */

/** Protocol limit: more without a line's end is no speaker of this protocol. */
export const lineCharsMost = 8 * 1_048_576

export function lineReader(onLine: (line: string) => void): { readonly push: (chunk: string) => 'ok' | 'too-long' } {
  let parts: string[] = []
  let chars = 0
  return {
    push: (chunk) => {
      let from = 0
      for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
        const tail = chunk.slice(from, end)
        const line = parts.length === 0 ? tail : parts.join('') + tail
        parts = []
        chars = 0
        from = end + 1
        if (line.length > 0) onLine(line)
      }
      if (from < chunk.length) {
        parts.push(from === 0 ? chunk : chunk.slice(from))
        chars += chunk.length - from
      }
      return chars > lineCharsMost ? 'too-long' : 'ok'
    },
  }
}

/** A Dockerfile as its stages and instructions. */

export interface Instruction {
  readonly word: string
  readonly text: string
}

export interface Stage {
  readonly image: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = []
  const lines = text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (word === '') throw new Error(`no instruction of a Dockerfile: ${line}`)
    if (word === 'FROM') {
      const [, image = '', name] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest) ?? []
      if (image === '') throw new Error(`no stage of a Dockerfile: ${line}`)
      stages.push({ image, name, instructions: [] })
    } else stages.at(-1)?.instructions.push({ word, text: rest })
  }
  return stages
}

/** What a COPY takes from where; `from` is the name of a stage. */
export function copyOf({ text }: Instruction): {
  readonly from: string | undefined
  readonly sources: readonly string[]
} {
  const words = text.split(/\s+/)
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined
  return { from, sources: words.slice(0, -1) }
}

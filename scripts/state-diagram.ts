/** Writes the README's state diagram from the table in core/lifecycle.ts: `npm run diagram`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { table } from '../core/lifecycle.ts'

const begin = '<!-- state diagram: made by npm run diagram -->'
const end = '<!-- end of state diagram -->'

type Table = Readonly<Record<string, Readonly<Partial<Record<string, readonly string[]>>>>>

/** One arrow for each pair of statuses, with the events that move a task so; what keeps a status stands below. */
export function stateDiagram(moves: Table): string {
  const arrows: string[] = []
  const keeps: string[] = []
  for (const [from, events] of Object.entries(moves)) {
    const byTarget = new Map<string, string[]>()
    for (const [event, targets] of Object.entries(events)) {
      for (const target of targets ?? []) byTarget.set(target, [...(byTarget.get(target) ?? []), event])
    }
    for (const [target, names] of byTarget) {
      if (target === from) keeps.push(`${from} (${names.join(', ')})`)
      else arrows.push(`  ${from} --> ${target}: ${names.join(', ')}`)
    }
  }
  const lines = ['stateDiagram-v2', '  [*] --> queued: create', '  [*] --> waiting: create', ...arrows]
  return `\`\`\`mermaid\n${lines.join('\n')}\n\`\`\`\n\nEvents that keep a task where it is: ${keeps.join(', ')}.`
}

/** The text with the diagram between its two markers. */
export function withDiagram(text: string, diagram: string): string {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the text needs "${begin}" and, behind it, "${end}"`)
  return `${text.slice(0, from + begin.length)}\n\n${diagram}\n\n${text.slice(to)}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const readme = new URL('../README.md', import.meta.url)
  writeFileSync(readme, withDiagram(readFileSync(readme, 'utf8'), stateDiagram(table)))
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { table } from '#core/lifecycle'
import { stateDiagram, withDiagram } from '../../scripts/state-diagram.ts'
import { repository } from '../support/repository.ts'

test("the README's state diagram is what the table says (else: npm run diagram)", async () => {
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  expect(withDiagram(readme, stateDiagram(table))).toBe(readme)
})

test('moves between the same two statuses share an arrow, and those that keep a status are told below', () => {
  const diagram = stateDiagram({
    queued: { claim: ['running'], ring: ['queued'] },
    running: { lose: ['queued', 'failed'], fail: ['queued'] },
  })
  expect(diagram).toContain(
    '  queued --> running: claim\n  running --> queued: lose, fail\n  running --> failed: lose\n',
  )
  expect(diagram).toContain('queued (ring)')
})

test('a text without the markers is refused', () => {
  expect(() => withDiagram('# Title', 'x')).toThrow('state diagram')
})

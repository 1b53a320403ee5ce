import type { Command } from 'commander'
import type { Step } from '../../../core/contract/steps.ts'
import type { Color } from '../color.ts'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { type Column, renderTable } from '../table.ts'
import { spanText, toSeconds } from '../times.ts'

export function addSteps(program: Command, session: Session): void {
  const command = program
    .command('steps')
    .argument('<id>', 'the id of the task')
    .action(async (id: string, flags: HubFlags) => {
      const { client, line, output } = await openHub(session, flags)
      const steps = await client.steps(id)
      if (output.isJson) return output.printJson({ steps })
      if (steps.length === 0) return output.say('The task remembers no steps, and waits in none.')
      const { paint, width } = output
      const now = line.system.now()
      const columns: readonly Column[] = [
        { title: 'STEP', least: 12, most: 40 },
        { title: 'KIND' },
        { title: 'STATE', paint: (padded, cell) => paint(colors[cell as Step['state']], padded) },
        { title: 'STARTED', isOptional: true },
        { title: 'TOOK', right: true },
        { title: 'TRIES', right: true, isOptional: true },
        { title: 'NOTE', least: 12 },
      ]
      await output.print(renderTable({ columns, rows: steps.map((step) => rowOf(step, now)), width }).text)
    })
  explain(withHubOptions(command), {
    summary: 'show what a task remembers of its steps, and what it waits for',
    about: `Shows the steps of a task, the oldest first: those that are done or failed for good, which no later run does
again, and those that it waits in. Beside an open one stands what it waits for, beside a failed one why. What each step
returned is in --json.`,
    examples: [
      ['taskurai steps 01K9Z0000000000000000000AB', 'all of them'],
      [`taskurai steps 01K9… --json | jq '.steps[] | select(.state == "open")'`, 'what it waits for'],
    ],
  })
}

const colors: Readonly<Record<Step['state'], Color | undefined>> = { open: 'cyan', done: 'green', failed: 'red' }

function rowOf(step: Step, now: number): readonly string[] {
  const { id, kind, state, startedAt, tries } = step
  return [
    ...[id, kind, state, startedAt === undefined ? '' : toSeconds(startedAt), tookOf(step, now)],
    ...[tries === undefined ? '' : String(tries), noteOf(step)],
  ]
}

/** How long it took; of an open one, how long it takes so far by this machine's clock. */
function tookOf({ startedAt, endedAt, state }: Step, now: number): string {
  if (startedAt === undefined || (endedAt === undefined && state !== 'open')) return ''
  return spanText(Math.max(0, (endedAt === undefined ? now : Date.parse(endedAt)) - Date.parse(startedAt)))
}

function noteOf({ state, kind, error, waitsFor, until, count }: Step): string {
  if (state === 'failed') return error === undefined ? '' : `${error.code}: ${error.message}`
  const many = count === undefined ? undefined : `${count} sub ${count === 1 ? 'task' : 'tasks'}`
  if (state === 'done') return many ?? ''
  const what = waitsFor ?? many ?? (kind === 'step' && until !== undefined ? 'its next try' : undefined)
  return [what, until === undefined ? undefined : `until ${toSeconds(until)}`]
    .filter((part) => part !== undefined)
    .join(', ')
}

import type { Command } from 'commander'
import type { HubFlags } from '../connect.ts'
import { explain } from '../help.ts'
import { openHub, type Session, withHubOptions } from '../session.ts'
import { clean } from '../table.ts'

export function addHealth(program: Command, session: Session): void {
  const command = program.command('health').action(async (flags: HubFlags) => {
    const { client, endpoint, output } = await openHub(session, flags, { openOnly: true })
    const health = await client.health()
    if (output.isJson) return output.printJson(health ?? {})
    const facts = Object.entries(health ?? {}).map(([name, fact]) => `${name}: ${plain(fact)}`)
    await output.print([`${endpoint.origin} answers`, ...facts.map(clean)].join('\n'))
  })
  explain(withHubOptions(command), {
    summary: 'ask whether the hub is well (needs no keys)',
    examples: [
      ['taskurai health', 'exits with 6 if it does not answer'],
      ['until taskurai health; do sleep 1; done', 'wait for a hub to start'],
    ],
  })
}

function plain(fact: unknown): string {
  return typeof fact === 'string' ? fact : JSON.stringify(fact)
}

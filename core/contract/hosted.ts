import type { ManifestCommand } from './manifest.ts'

/** Of a command what tells which tasks may run it. */
export type HostedCommand = Pick<ManifestCommand, 'name' | 'version' | 'fallback'>

/**
 * Whether one of these commands takes a version of a name: the one that is that version, else the fallback of the name.
 * The door, whoever claims, and the instance itself all judge by this rule.
 */
export function hostedBy(commands: readonly HostedCommand[]): (name: string, version: number) => boolean {
  const labels = new Set(commands.map(({ name, version }) => `${name}@${version}`))
  const fallbacks = new Set(commands.filter(({ fallback }) => fallback === true).map(({ name }) => name))
  return (name, version) => labels.has(`${name}@${version}`) || fallbacks.has(name)
}

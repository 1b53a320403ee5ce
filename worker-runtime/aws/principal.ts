/** Who an instance is, where something keeps who made it. */
export function principalOf(worker: string): string {
  return `worker/${worker}`
}
